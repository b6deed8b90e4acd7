import DurableFiles
import TestSupport
import Testing

/// Trees by chance: whatever happens in the middle, a target ends as the old or the new version whole, and what is the server's is untouched.
@Suite(.serialized, .timeLimit(.minutes(10)))
struct InPlaceUpdateTests {
    private typealias Files = [String: String]

    /// Files in directories, of few names, so that files become directories and the other way round.
    private func tree(_ random: inout some RandomNumberGenerator, prefix: String) -> Files {
        var files: Files = [:]
        for _ in 0..<Int.random(in: 1...8, using: &random) {
            let depth = Int.random(in: 1...3, using: &random)
            let path = (0..<depth).map { _ in prefix + String("abc".randomElement(using: &random) ?? "a") }.joined(separator: "/")
            // No file where another has a directory.
            if files.keys.contains(where: { $0.hasPrefix(path + "/") || path.hasPrefix($0 + "/") }) { continue }
            files[path] = "\(Int.random(in: 0...2, using: &random))"
        }
        return files
    }

    private func write(_ files: Files, to root: String) throws {
        for (path, text) in files {
            try makeDirectories(String((root + "/" + path).prefix(upTo: (root + "/" + path).lastIndex(of: "/")!)))
            try writeFile(root + "/" + path, text)
        }
    }

    private func files(in root: String) throws -> Files {
        let found = try run("find", [root, "-type", "f", "-printf", "%P\n"]).requireSuccess().split(separator: "\n").map(
            String.init)
        return try Files(uniqueKeysWithValues: found.map { ($0, try readFile(root + "/" + $0)) })
    }

    private func update(_ root: String) -> InPlaceUpdate {
        InPlaceUpdate(target: root + "/target", journal: root + "/journal", record: root + "/owned", keepingOutOf: [])
    }

    private func owned(_ update: InPlaceUpdate) throws -> Set<String> {
        Set((try update.owned() ?? []).map { String(decoding: $0, as: UTF8.self) })
    }

    @Test(arguments: 1...40)
    func `it ends whole`(_ seed: UInt64) throws {
        try withTemporaryDirectory { root in
            var random = Chance(seed)
            let (old, new) = (tree(&random, prefix: ""), tree(&random, prefix: ""))
            // In the server's own directories, and in those of the deployments.
            var own = tree(&random, prefix: "own-")
            if let directory = old.keys.first(where: { $0.contains("/") })?.split(separator: "/").first,
                !new.keys.contains(String(directory))
            {
                own["\(directory)/own"] = "in a deployment's directory"
            }
            for (name, files) in [("old", old), ("new", new), ("target", own)] {
                try makeDirectories(root + "/" + name)
                try write(files, to: root + "/" + name)
            }
            let update = update(root)
            let target = update.target
            _ = try update.prepare(.init(source: root + "/old", owned: []))
            try update.carryOut()
            #expect(try files(in: target) == old.merging(own) { $1 })
            let ownedBefore = try owned(update)
            #expect(ownedBefore.isSuperset(of: old.keys))

            // A third of the times something is mounted on one of the files, which then can be neither replaced nor removed.
            let blocked = seed % 3 == 0 ? old.keys.sorted().randomElement(using: &random) : nil
            if let blocked { try run("mount", ["--bind", target + "/" + blocked, target + "/" + blocked]).requireSuccess() }
            var hasFailed = false
            do {
                _ = try update.prepare(.init(source: root + "/new", owned: update.owned() ?? []))
                try update.carryOut { _ in
                    // The power goes out here: what is on the disk is copied.
                    try? makeDirectories(root + "/crash")
                    _ = try? run(
                        "cp", ["-a", target, root + "/journal", root + "/journal.owned", root + "/owned", root + "/crash"])
                }
            } catch {
                hasFailed = true
            }
            if let blocked { try run("umount", [target + "/" + blocked]).requireSuccess() }
            #expect(try !update.isUnfinished())
            #expect(
                try files(in: target) == (hasFailed ? old : new).merging(own) { $1 }, "\(old) → \(new), blocked \(blocked ?? "-")")
            #expect(blocked != nil || !hasFailed)
            if hasFailed {
                #expect(try owned(update) == ownedBefore)
            } else {
                #expect(try owned(update).filter { own[$0] != nil }.isEmpty)
                #expect(try owned(update).isSuperset(of: new.keys))
            }
            guard exists(root + "/crash/journal") else { return }
            let restarted = self.update(root + "/crash")
            try restarted.settle()
            #expect(try !restarted.isUnfinished())
            #expect(try files(in: restarted.target) == new.merging(own) { $1 })
            try restarted.settle()
        }
    }

    @Test func `where the staging directory has been taken away the next update brings the target to a version`() throws {
        try withTemporaryDirectory { root in
            for (name, files) in [("old", ["a": "1", "b": "1"]), ("new", ["a": "2", "c": "2"]), ("target", ["own": "x"])] {
                try makeDirectories(root + "/" + name)
                try write(files, to: root + "/" + name)
            }
            let update = update(root)
            _ = try update.prepare(.init(source: root + "/old", owned: []))
            try update.carryOut()
            _ = try update.prepare(.init(source: root + "/new", owned: update.owned() ?? []))
            // Whoever may write into the target puts one of their own there.
            let staging = update.target + "/" + InPlaceUpdate.stagingName
            try run("mv", [staging, root + "/taken"]).requireSuccess()
            try run("ln", ["-s", "/etc", staging]).requireSuccess()
            #expect(throws: FileError.self) { try update.carryOut() }
            #expect(try update.isUnfinished())
            try update.settle()
            #expect(try !update.isUnfinished())
            _ = try update.prepare(.init(source: root + "/old", owned: update.owned() ?? []))
            try update.carryOut()
            #expect(try files(in: update.target) == ["a": "1", "b": "1", "own": "x"])
        }
    }
}

/// The same numbers for the same seed (SplitMix64).
private struct Chance: RandomNumberGenerator {
    private var state: UInt64

    init(_ seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = (state ^ (state >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }
}
