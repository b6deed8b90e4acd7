import DeployModel
import DeployService
import DeploySteps
import TestSupport
import Testing

/// What the daemon makes of a repository that is not as git makes them: a reason on record that a person understands, and it goes on.
@Suite(.serialized, .timeLimit(.minutes(10)))
struct HostileRepositoryTests {
    /// A tree object with entries that git's own commands refuse to make: `entry MODE NAME ID` prints one.
    private static let byHand = """
        entry() { printf '%s %b\\0' "$1" "$2"; printf "$(echo "$3" | sed 's/../\\\\x&/g')"; }
        tree() { git hash-object -t tree -w --stdin --literally; }
        point() { git update-ref refs/heads/main "$(git commit-tree -p HEAD -m by-hand "$1")"; }
        blob=$(echo evil | git hash-object -w --stdin)
        """

    /// A loose object of two gigabytes in two megabytes, in no time: deflate's output for a megabyte of zeros, repeated.
    private static func bomb(header: String, type: String) -> String {
        """
        import hashlib, os, sys, zlib
        head, count = b'\(header)\\0', 2048
        packer = zlib.compressobj(9)
        start = packer.compress(head) + packer.flush(zlib.Z_FULL_FLUSH)
        block = packer.compress(bytes(1 << 20)) + packer.flush(zlib.Z_FULL_FLUSH)
        low = (1 + sum(head)) % 65521
        high = zlib.adler32(head) >> 16
        adler = (high + low * (count << 20)) % 65521 << 16 | low
        oid = '\(type)' + '0' * 37
        os.makedirs('.git/objects/' + oid[:2], exist_ok=True)
        with open('.git/objects/' + oid[:2] + '/' + oid[2:], 'wb') as file:
            file.write(start)
            for _ in range(count): file.write(block)
            file.write(bytes((3, 0)) + adler.to_bytes(4, 'big'))
        print(oid)
        """
    }

    /// A tree in a tree, a thousand times: by git's own commands that is three thousand processes, which a busy machine has no minute for.
    private static let deep = """
        import hashlib, os, sys, zlib
        name, content = 'f', (100644, bytes.fromhex(sys.argv[1]))
        for level in range(1001):
            mode, below = content
            body = b'%d %s\\0' % (mode, name.encode()) + below
            whole = b'tree %d\\0' % len(body) + body
            oid = hashlib.sha1(whole).hexdigest()
            os.makedirs('.git/objects/' + oid[:2], exist_ok=True)
            with open('.git/objects/' + oid[:2] + '/' + oid[2:], 'wb') as file: file.write(zlib.compress(whole, 1))
            name, content = 'd', (40000, bytes.fromhex(oid))
        print(oid)
        """

    @Test func `each kind that cannot be taken in is refused with a word that says why, and the next good commit deploys`()
        async throws
    {
        try await withFarm { farm, service in
            try await service.deployed(farm.commit(["a": "0"]))
            let good = try farm.head()
            try writeFile(farm.root + "/bomb.py", Self.bomb(header: "blob 2147483648", type: "ab1"))
            try writeFile(farm.root + "/lying.py", Self.bomb(header: "blob 10", type: "ab2"))
            try writeFile(farm.root + "/tree.py", Self.bomb(header: "tree 2147483648", type: "ab3"))
            try writeFile(farm.root + "/deep.py", Self.deep)
            let byHand = Self.byHand
            // Two that are the same in the same second would be one commit.
            let commit = "git commit -q --allow-empty -m next-$(date +%s%N)"
            let cases: [(name: String, make: String, words: String, undo: String)] = [
                (
                    "alternates", "\(commit); echo /tmp > .git/objects/info/alternates", "borrows objects",
                    "rm .git/objects/info/alternates"
                ),
                ("grafts", "\(commit); git rev-parse HEAD > .git/info/grafts", "grafts", "rm .git/info/grafts"),
                (
                    "replace", "\(commit); git replace HEAD HEAD^", "replace references",
                    "git replace -d \(good) || rm -rf .git/refs/replace"
                ),
                ("shallow", "\(commit); git rev-parse HEAD > .git/shallow", "shallow clone", "rm .git/shallow"),
                (
                    "partial", "\(commit); git config remote.origin.promisor true", "partial clone",
                    "git config --unset remote.origin.promisor"
                ),
                (
                    "missing",
                    "echo lost > lost; git add lost; git commit -qm lost; f=$(git rev-parse HEAD:lost); rm -f .git/objects/${f:0:2}/${f:2}",
                    "missing", "true"
                ),
                (
                    "damaged",
                    "echo bad > bad; git add bad; git commit -qm bad; f=$(git rev-parse HEAD:bad); f=.git/objects/${f:0:2}/${f:2}; chmod +w $f; echo junk > $f",
                    "", "true"
                ),
                (
                    "exchanged",
                    "echo x1 > x; git add x; git commit -qm x; f=$(git rev-parse HEAD:x); o=$(git rev-parse HEAD:a); cp -f .git/objects/${o:0:2}/${o:2} .git/objects/${f:0:2}/${f:2}",
                    "", "true"
                ),
                ("2 GiB", "\(byHand); point $(entry 100644 bomb $(python3 ../../bomb.py) | tree)", "2147483648 bytes", "true"),
                (
                    "2 GiB of a lie", "\(byHand); point $(entry 100644 bomb $(python3 ../../lying.py) | tree)", "pinfold-git died",
                    "true"
                ),
                ("a tree of 2 GiB", "\(byHand); point $(python3 ../../tree.py)", "2147483648 bytes", "true"),
                (
                    "a tree 1,000 deep",
                    "\(byHand); point $(python3 ../../deep.py $blob)",
                    "200 deep", "true"
                ),
                (
                    "10^10 files in 11 objects",
                    "\(byHand); ten() { for i in 0 1 2 3 4 5 6 7 8 9; do entry $1 n$i $2; done | tree; }; t=$(ten 100644 $blob); for i in $(seq 9); do t=$(ten 40000 $t); done; point $t",
                    "500000 files and directories", "true"
                ),
                (
                    ".GIT", "\(byHand); h=$(entry 100755 hooks $blob | tree); point $(entry 40000 .GIT $h | tree)",
                    "take it for .git", "true"
                ),
                (
                    "NTFS", "\(byHand); h=$(entry 100755 hooks $blob | tree); point $(entry 40000 '.git ' $h | tree)",
                    "take it for .git", "true"
                ),
                (
                    "HFS+", "\(byHand); h=$(entry 100755 hooks $blob | tree); point $(entry 40000 '.g\\xe2\\x80\\x8cit' $h | tree)",
                    "take it for .git", "true"
                ),
                ("dots", "\(byHand); point $(entry 100644 .. $blob | tree)", "another directory", "true"),
                ("set-user-id", "\(byHand); point $(entry 104755 su $blob | tree)", "104755", "true"),
                ("a link out", "ln -s ../../../etc/passwd out; git add out; git commit -qm out", "leads out of the tree", "true"),
                ("an absolute link", "ln -s /etc/passwd out; git add out; git commit -qm out", "absolute", "true"),
            ]
            for entry in cases {
                try farm.agent(entry.make)
                let outcome = try await service.outcome(
                    of: CommitID(try readFile(farm.codeRepo + "/.git/refs/heads/main").prefix(40).description)!)
                #expect(
                    outcome.state == .failed && [.takeIn, .export].contains(outcome.stage),
                    "\(entry.name): \(outcome.state.rawValue)")
                let reason = outcome.reason ?? ""
                #expect(!reason.isEmpty && reason.contains(entry.words), "\(entry.name): \(reason)")
                print("\(entry.name): \(reason)")
                if entry.name.contains("10^10") {
                    let clock = ContinuousClock()
                    let start = clock.now
                    await #expect(throws: DeployError.self) { _ = try await service.diff(outcome.id) }
                    #expect(clock.now - start < .seconds(10))
                }
                try farm.agent("git update-ref refs/heads/main \(good); \(entry.undo); git reset -q --hard; git clean -qfdx")
                #expect(try farm.deployed("a") == "0")
            }
            // A pointer to another repository is no content of this one.
            try farm.agent("git update-index --add --cacheinfo 160000,\(good),module; echo 1 > a; git commit -qam module")
            try await service.deployed(farm.head())
            #expect(try farm.deployed("a") == "1\n")
        }
    }

    @Test func `a repository that is replaced by something else is a warning until it is back`() async throws {
        try await withFarm { farm, service in
            try await service.deployed(farm.commit(["a": "0"]))
            func warned(_ what: String, _ words: String) async throws {
                try await eventually("\(what) is a warning", within: 25) {
                    try service.status().warnings.contains { $0.contains("the branch cannot be read") && $0.contains(words) }
                }
                try farm.agent("rm -rf .git; mv ../kept .git")
                try await eventually("\(what) is over", within: 25) { try service.status().warnings.isEmpty }
            }
            try run("chmod", ["777", farm.codeRepo + "/.."]).requireSuccess()
            try farm.agent("mv .git ../kept; echo 'gitdir: ../kept' > .git")
            try await warned("a file", "not a directory")
            try farm.agent("mv .git ../kept; ln -s ../kept .git")
            try await warned("a link", "")
            try farm.agent("mv .git ../kept; mkfifo .git")
            try await warned("a FIFO", "")
            try farm.agent("mv .git ../kept; git init -q -b main --object-format=sha256; git commit -q --allow-empty -m one")
            try await warned("SHA-256", "SHA-256")
            try await service.deployed(farm.commit(["a": "1"]))
        }
    }
}
