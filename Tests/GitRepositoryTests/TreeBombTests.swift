import GitRepository
import TestSupport
import Testing

/// A few objects that stand for more than anybody could walk: refused by their size before they are walked, whatever reads them.
@Suite(.timeLimit(.minutes(10)))
struct TreeBombTests {
    enum Bomb: String, CaseIterable {
        case files = "10^10 files"
        case directories = "10^10 directories without a file"
        case longPaths = "paths of many kilobytes"
        case manyPaths = "paths of hundreds of megabytes together"

        var words: String {
            switch self {
            case .files, .directories: "500000 files and directories"
            case .longPaths: "a path is longer than 4000 bytes"
            case .manyPaths: "128 MiB together"
            }
        }

        func tree(in repository: TestRepository) throws -> ObjectID {
            func holding(_ mode: String, _ names: some Sequence<String>, _ id: ObjectID) throws -> ObjectID {
                try repository.object("tree", names.flatMap { Array("\(mode) \($0)\0".utf8) + id.bytes })
            }
            func nested(_ levels: Int, _ names: [String], _ inner: ObjectID) throws -> ObjectID {
                try (0..<levels).reduce(inner) { tree, _ in try holding("40000", names, tree) }
            }
            let blob = try repository.blob("x")
            let ten = (0..<10).map { "n\($0)" }
            let long = [String(repeating: "n", count: 200)]
            switch self {
            case .files: return try nested(9, ten, holding("100644", ten, blob))
            case .directories: return try nested(10, ten, holding("40000", [], blob))
            case .longPaths: return try nested(30, long, holding("100644", ten, blob))
            case .manyPaths:
                let files = try holding("100644", (100..<1000).map { "f\($0)" }, blob)
                return try nested(15, long, holding("40000", (100..<400).map { "d\($0)" }, files))
            }
        }
    }

    @Test(arguments: Bomb.allCases) func `a tree is measured before it is walked, and everything that reads it says no`(
        _ bomb: Bomb
    ) throws {
        try withTemporaryDirectory { directory in
            let repository = try TestRepository(at: directory + "/repository")
            let base = try repository.commit("base")
            let tree = try bomb.tree(in: repository)
            try repository.git(
                "update-ref", "refs/heads/main", repository.git("commit-tree", "\(tree)", "-p", "HEAD", "-m", "bomb"))
            let mirror = try GitMirror(path: directory + "/mirror.git")
            let tip = try mirror.takeIn(repository, in: directory).tip
            let clock = ContinuousClock()
            let start = clock.now
            do throws(GitError) {
                try mirror.checkSize(of: tip)
                Issue.record("it was measured")
            } catch {
                #expect(error.kind == .tooLarge && error.message.contains(bomb.words), "\(error)")
            }
            let diff = try pinfoldGit("diff", mirror.path, "\(base)", "\(tip)")
            #expect(diff.kind == .tooLarge && diff.errors.contains(bomb.words), "\(diff)")
            #expect(clock.now - start < .seconds(60))

            // Whoever walks one that was not measured counts too.
            var limits = IntakeLimits()
            limits.treeEntries = 20_000
            limits.pathBytes = 4 << 20
            #expect(kind { _ = try mirror.changes(from: base, to: tip, limits: limits) } == .tooLarge)
            #expect(kind { _ = try mirror.changes(from: tip, to: base, limits: limits) } == .tooLarge)
            #expect(kind { _ = try mirror.files(of: tip, limits: limits) } == .tooLarge)
            #expect(
                kind {
                    _ = try mirror.export(
                        tip, to: directory + "/out", limits: limits, digest: { _ in Array(repeating: 0, count: 32) })
                } == .tooLarge)
            #expect(!exists(directory + "/out"))
        }
    }

    @Test func `links that lead through each other in too many steps are refused before anything is written`() throws {
        try withTemporaryDirectory { directory in
            let repository = try TestRepository(at: directory + "/repository")
            // Forty of them, one through the other, along a thousand names each; and thousands that lead to the first.
            let way = String(repeating: "d/../", count: 800)
            let end = try repository.blob("x")
            var entries = [("100644", "e", end)]
            entries.append(("40000", "d", try repository.tree(("100644", "f", end))))
            for number in 10..<48 { entries.append(("120000", "l\(number)", try repository.blob(way + "l\(number + 1)"))) }
            entries.append(("120000", "l48", try repository.blob("e")))
            let first = try repository.blob(way + "l10")
            for number in 10_000..<20_000 { entries.append(("120000", "m\(number)", first)) }
            entries.sort { ($0.1 == "d" ? "d/" : $0.1) < ($1.1 == "d" ? "d/" : $1.1) }
            let tree = try repository.object("tree", entries.flatMap { Array("\($0.0) \($0.1)\0".utf8) + $0.2.bytes })
            _ = try repository.commitTree(tree)
            let mirror = try GitMirror(path: directory + "/mirror.git")
            let tip = try mirror.takeIn(repository, in: directory).tip
            let clock = ContinuousClock()
            let start = clock.now
            var limits = IntakeLimits()
            limits.linkWork = 1 << 24
            #expect(
                kind {
                    _ = try mirror.export(
                        tip, to: directory + "/out", limits: limits, digest: { _ in Array(repeating: 0, count: 32) })
                }
                    == .tooLarge)
            #expect(clock.now - start < .seconds(60))
            #expect(!exists(directory + "/out"))
        }
    }

    @Test func `a commit is restored where each path is as it was, and not where one is not`() throws {
        try withTemporaryDirectory { directory in
            let repository = try TestRepository(at: directory + "/repository")
            try repository.script("mkdir d; echo 1 > d/a; echo 1 > b")
            let good = try repository.commit("good")
            try repository.script("echo 2 > d/a; echo 2 > c; rm b")
            let bad = try repository.commit("bad")
            try repository.script("echo 1 > d/a; echo 1 > b; mkdir e; echo 3 > e/other")
            let half = try repository.commit("half")
            try repository.script("rm c")
            let whole = try repository.commit("whole")
            try repository.script("echo 4 > d/a")
            let later = try repository.commit("later")
            let mirror = try GitMirror(path: directory + "/mirror.git")
            try mirror.takeIn(repository, in: directory)
            let changes = try mirror.changes(from: good, to: bad)
            #expect(changes.count == 3)
            #expect(try !mirror.hasRestored(changes, of: bad, by: half))
            #expect(try mirror.hasRestored(changes, of: bad, by: whole))
            #expect(try mirror.hasRestored(changes, of: bad, by: later))
        }
    }
}
