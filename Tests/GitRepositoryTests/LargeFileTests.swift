import GitRepository
import LinuxSystem
import TestSupport
import Testing

/// A file above the limit: the commit that has it is refused, a later one without it is not.
@Suite(.timeLimit(.minutes(10)))
struct LargeFileTests {
    private static var small: IntakeLimits {
        var limits = IntakeLimits()
        limits.blobBytes = 100_000
        return limits
    }

    private func takeIn(
        _ repository: TestRepository, haves: [ObjectID] = [], limit: Int = small.blobBytes, into mirror: GitMirror,
        _ directory: String
    ) throws -> TakenIn {
        let file = directory + "/handed-over"
        let result = try run(
            Executables.git,
            ["pack", repository.path, "main", "--max-blob", "\(limit)"] + haves.flatMap { ["--have", $0.description] })
        guard result.status.isSuccess else { throw GitError(result.kind ?? .system, result.errors) }
        try repository.pack(haves: haves, ["--max-blob", "\(limit)"], to: file)
        var limits = IntakeLimits()
        limits.blobBytes = limit
        return try mirror.takeIn(file: file, limits: limits)
    }

    @Test func `a later commit without it is taken in whole, and one that has it again is not`() throws {
        try withTemporaryDirectory { directory in
            let repository = try TestRepository(at: directory + "/repository")
            try repository.script("echo 1 > a; mkdir d; echo 1 > d/b; git add -A; git commit -qm one")
            try repository.script("head -c 200000 /dev/urandom > d/large; echo 2 > a; git add -A; git commit -qm two")
            let withIt = try repository.head()
            let mirror = try GitMirror(path: directory + "/mirror.git")
            #expect(kind { _ = try takeIn(repository, into: mirror, directory) } == .tooLarge)

            try repository.script("git rm -q d/large; git commit -qm three")
            let without = try repository.head()
            let taken = try takeIn(repository, into: mirror, directory)
            #expect(taken.tip == without && taken.leftOut == 1)
            #expect(try mirror.markSeenIfWhole(without))
            // The one in between came along; it lacks the file, and is not taken for whole.
            #expect(try mirror.contains(withIt))
            #expect(try !mirror.markSeenIfWhole(withIt))
            try makeDirectories(directory + "/work")
            _ = try mirror.export(without, to: directory + "/work/tree")
            #expect(try readFile(directory + "/work/tree/a") == "2\n")

            // Back to it, by a commit whose own tree names it at the place that its parent has: nothing of it is handed over.
            try repository.script("git checkout -q -B main \(withIt); echo 3 > a; git commit -qam four")
            #expect(kind { _ = try takeIn(repository, haves: [without], into: mirror, directory) } == .tooLarge)
            #expect(kind { _ = try takeIn(repository, into: mirror, directory) } == .tooLarge)

            // With room for it everything comes.
            var limits = Self.small
            #expect(try !mirror.lacksFiles(within: limits))
            limits.blobBytes = 1_000_000
            #expect(try mirror.lacksFiles(within: limits))
            let whole = try takeIn(repository, limit: limits.blobBytes, into: mirror, directory)
            #expect(whole.leftOut == 0)
            #expect(try mirror.markSeenIfWhole(whole.tip) && mirror.markSeenIfWhole(withIt))
            #expect(try !mirror.lacksFiles(within: limits))
            try mirror.verify()
        }
    }

    @Test func `who says that a small file is large hides something`() throws {
        try withTemporaryDirectory { directory in
            let repository = try TestRepository(at: directory + "/repository")
            try repository.script("echo 1 > a; git add -A; git commit -qm one")
            let tip = try repository.head()
            let file = directory + "/pack"
            try repository.pack(to: file)
            let mirror = try GitMirror(path: directory + "/mirror.git")
            for line in ["\(tip) 20", "\(tip)", "x 999999999999", "\(tip) -1"] {
                let script = "echo 'pinfold-pack 1 \(tip) 3 1'; echo '\(line)'; tail -n +2 \(file)"
                #expect(kind { _ = try mirror.takeIn(script: script) } == .hostile, "\(line)")
            }
            // What the tip itself has is never left out, whatever is said.
            let blob = try repository.git("rev-parse", "HEAD:a")
            let objects = try repository.script(
                "printf '%s\\n%s\\n' \(tip) $(git rev-parse HEAD^{tree}) | git pack-objects -q \(directory)/part")
            let script = "echo 'pinfold-pack 1 \(tip) 2 1'; echo '\(blob) 999999999'; cat \(directory)/part-\(objects).pack"
            #expect(kind { _ = try mirror.takeIn(script: script) } == .tooLarge)
            #expect(try !mirror.contains(tip))
        }
    }
}
