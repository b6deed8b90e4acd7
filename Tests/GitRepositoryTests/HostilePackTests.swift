import GitRepository
import TestSupport
import Testing

/// What somebody hands over who does not use `pinfold-git`.
@Suite(.timeLimit(.minutes(10)))
struct HostilePackTests {
    private let header = PackExport.header

    /// The repository's objects that the tip reaches, as the git program packs them, behind a header of our own.
    private func pack(
        _ repository: TestRepository, tip: ObjectID, options: String = "--window=0 --revs", objects: Int? = nil, to file: String
    ) throws {
        let listed = try repository.git("rev-list", "--objects", tip.description).split(separator: "\n").count
        try repository.script(
            "{ printf '\(PackExport.header(tip: tip, objects: objects ?? listed).trimmingEnd)\\n'; echo \(tip) | git pack-objects -q --stdout \(options); } > \(file)"
        )
    }

    private func refusal(_ repository: TestRepository, tip: ObjectID, in directory: String) throws -> GitError.Kind? {
        let file = directory + "/pack"
        try pack(repository, tip: tip, to: file)
        let mirror = try GitMirror(path: directory + "/mirror.git")
        let found = kind { _ = try mirror.takeIn(file: file) }
        // Nothing of it may stay.
        #expect(
            try shell("ls \(mirror.path)/objects/pack; ls -d \(mirror.path)/incoming-* 2>/dev/null || true").requireSuccess()
                .isEmpty)
        return found
    }

    @Test(arguments: [
        "..", ".", ".git", ".GIT", ".Git", "git~1", "GIT~1", ".git ", ".git.", ".git. .", ".g\u{200c}it", ".git::$INDEX_ALLOCATION",
        "a/b", ".git\\x",
    ])
    func `a tree with a name that means another place is refused`(name: String) throws {
        try withTemporaryDirectory { directory in
            let repository = try TestRepository(at: directory + "/repository")
            let blob = try repository.blob("evil\n")
            let tree = try repository.tree(("100644", name, blob))
            let tip = try repository.commitTree(tree)
            #expect(try refusal(repository, tip: tip, in: directory) == .hostile)
            #expect(try pinfoldGit("pack", repository.path, "main").kind == .hostile)
            // One level down, too.
            let nested = try repository.commitTree(repository.tree(("40000", "folder", tree)))
            #expect(try refusal(repository, tip: nested, in: directory) == .hostile)
        }
    }

    @Test(arguments: ["104755", "102755", "100777", "101644", "60000", "20000", "10000", "140000", "0"])
    func `a tree with a mode that no checkout makes is refused`(mode: String) throws {
        try withTemporaryDirectory { directory in
            let repository = try TestRepository(at: directory + "/repository")
            let tip = try repository.commitTree(repository.tree((mode, "program", repository.blob("x\n"))))
            #expect(try refusal(repository, tip: tip, in: directory) == .hostile)
            #expect(try pinfoldGit("pack", repository.path, "main").kind == .hostile)
        }
    }

    @Test func `names twice or out of order are refused`() throws {
        try withTemporaryDirectory { directory in
            let repository = try TestRepository(at: directory + "/repository")
            let blob = try repository.blob("x\n")
            let inner = try repository.tree(("100644", "x", blob))
            for tree in try [
                repository.tree(("100644", "a", blob), ("100755", "a", blob)),
                repository.tree(("100644", "b", blob), ("100644", "a", blob)),
                repository.tree(("100644", "a", blob), ("100644", "a.b", blob), ("40000", "a", inner)),
            ] {
                #expect(try refusal(repository, tip: repository.commitTree(tree), in: directory) == .hostile)
            }
        }
    }

    @Test func `an object of another type than it is referred to as is refused`() throws {
        try withTemporaryDirectory { directory in
            let repository = try TestRepository(at: directory + "/repository")
            let blob = try repository.blob("x\n")
            let inner = try repository.tree(("100644", "x", blob))
            // A directory that is a file, a file that is a directory: git refuses to walk the first, so the objects are listed by hand.
            for (tree, ids) in try [
                (repository.tree(("40000", "a", blob)), [blob]), (repository.tree(("100644", "a", inner)), [inner, blob]),
            ] {
                let tip = try repository.commitTree(tree)
                let file = directory + "/pack"
                let list = ([tip, tree] + ids).map(\.description).joined(separator: "\\n")
                try repository.script(
                    "{ echo 'pinfold-pack 1 \(tip) \(2 + ids.count)'; printf '\(list)\\n' | git pack-objects -q --window=0 --stdout; } > \(file)"
                )
                let mirror = try GitMirror(path: directory + "/mirror.git")
                #expect(kind { _ = try mirror.takeIn(file: file) } == .hostile)
            }
        }
    }

    @Test func `an object that nothing needs is refused, and one that is missing`() throws {
        try withTemporaryDirectory { directory in
            let repository = try TestRepository(at: directory + "/repository")
            try repository.write("a", "a\n")
            try repository.write("b", "b\n")
            let tip = try repository.commit()
            let extra = try repository.blob("nobody asked\n")
            let ids = try repository.git("rev-list", "--objects", "main").split(separator: "\n").map { String($0.prefix(40)) }
            for (chosen, expected) in [(ids + [extra.description], GitError.Kind.hostile), (ids.dropLast(), .corrupt)] {
                let file = directory + "/pack"
                let list = chosen.joined(separator: "\\n")
                try repository.script(
                    "{ echo 'pinfold-pack 1 \(tip) \(chosen.count)'; printf '\(list)\\n' | git pack-objects -q --window=0 --stdout; } > \(file)"
                )
                let mirror = try GitMirror(path: directory + "/mirror.git")
                #expect(kind { _ = try mirror.takeIn(file: file) } == expected)
                // And it is not taken for known the next time.
                #expect(try !mirror.contains(tip))
            }
        }
    }

    @Test func `deltas and thin packs are refused`() throws {
        try withTemporaryDirectory { directory in
            let repository = try TestRepository(at: directory + "/repository")
            try repository.script("seq 5000 > long; git add -A; git commit -qm one")
            let mirror = try GitMirror(path: directory + "/mirror.git")
            let first = try mirror.takeIn(repository, in: directory).tip
            try repository.script("sed -i '7s/.*/changed/' long; git commit -qam two; git gc -q")
            let tip = try repository.head()
            let file = directory + "/pack"
            try pack(repository, tip: tip, options: "--revs --window=10 --depth=10", to: file)
            #expect(kind { _ = try mirror.takeIn(file: file) } == .hostile)
            try repository.script(
                "{ echo 'pinfold-pack 1 \(tip) 3'; printf '\(tip)\\n^\(first)\\n' | git pack-objects -q --revs --thin --stdout; } > \(file)"
            )
            #expect(kind { _ = try mirror.takeIn(file: file) } == .hostile)
            #expect(try mirror.takeIn(repository, haves: [first], in: directory).tip == tip)
        }
    }

    @Test func `a stream that is cut, changed, too long or endless is refused`() throws {
        try withTemporaryDirectory { directory in
            let repository = try TestRepository(at: directory + "/repository")
            try repository.script("head -c 200000 /dev/urandom > random; echo a > a; git add -A; git commit -qm one")
            let file = directory + "/pack"
            try repository.pack(to: file)
            let mirror = try GitMirror(path: directory + "/mirror.git")
            for cut in [0, 10, 60, 61, 73, 100, 1000, 150_000] {
                #expect(kind { _ = try mirror.takeIn(script: "head -c \(cut) \(file)") } == .corrupt, "cut at \(cut)")
            }
            #expect(kind { _ = try mirror.takeIn(script: "head -c -1 \(file)") } == .corrupt)
            #expect(kind { _ = try mirror.takeIn(script: "head -c 5000 \(file); printf XXXX; tail -c +5005 \(file)") } != nil)
            #expect(kind { _ = try mirror.takeIn(script: "cat \(file); echo more") } != nil)
            #expect(kind { _ = try mirror.takeIn(script: "yes") } == .hostile)
            #expect(kind { _ = try mirror.takeIn(script: "head -c 100 \(file); sleep 60", seconds: 1) } == .timedOut)
            var limits = IntakeLimits()
            limits.packBytes = 1000
            #expect(kind { _ = try mirror.takeIn(script: "cat \(file)", limits: limits) } == .tooLarge)
            #expect(try mirror.takeIn(file: file).objects == 4)
        }
    }

    @Test func `limits on objects, one file and depth hold on both sides`() throws {
        try withTemporaryDirectory { directory in
            let repository = try TestRepository(at: directory + "/repository")
            try repository.script(
                "head -c 50000 /dev/zero > zeros; p=.; for i in $(seq 30); do p=$p/d; done; mkdir -p $p; echo x > $p/x; git add -A; git commit -qm one"
            )
            let file = directory + "/pack"
            try repository.pack(to: file)
            let mirror = try GitMirror(path: directory + "/mirror.git")
            var limits = IntakeLimits()
            limits.blobBytes = 40_000
            #expect(kind { _ = try mirror.takeIn(file: file, limits: limits) } == .tooLarge)
            limits = IntakeLimits()
            limits.depth = 20
            #expect(kind { _ = try mirror.takeIn(file: file, limits: limits) } == .tooLarge)
            limits = IntakeLimits()
            limits.objects = 10
            #expect(kind { _ = try mirror.takeIn(file: file, limits: limits) } == .tooLarge)
            for option in [["--max-blob", "40000"], ["--max-depth", "20"], ["--max-objects", "10"], ["--max-bytes", "100"]] {
                #expect(try run(Executables.git, ["pack", repository.path, "main"] + option).kind == .tooLarge, "\(option)")
            }
        }
    }
}
