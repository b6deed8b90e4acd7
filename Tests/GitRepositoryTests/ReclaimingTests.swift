import GitRepository
import TestSupport
import Testing

/// The mirror does not grow with what was thrown away.
@Suite(.timeLimit(.minutes(10)))
struct ReclaimingTests {
    private func bytes(_ mirror: GitMirror) throws -> Int {
        Int(try shell("cat \(mirror.path)/objects/pack/*.pack | wc -c").requireSuccess().trimmingEnd) ?? 0
    }

    /// Commits that each amend the one before, with a file of a megabyte of chance.
    private func amend(_ times: Int, _ repository: TestRepository, into mirror: GitMirror, _ directory: String) throws -> ObjectID {
        var tip = try repository.head()
        for number in 1...times {
            try repository.script(
                "head -c 1000000 /dev/urandom > large; echo \(number) > a; git add -A; git commit -q --amend -m \(number)")
            tip = try mirror.takeIn(repository, haves: try [mirror.latest()].compactMap(\.self), in: directory).tip
            try mirror.markSeen(tip)
        }
        return tip
    }

    @Test func `what no named commit is built on is given back, and everything else stays whole`() throws {
        try withTemporaryDirectory { directory in
            let repository = try TestRepository(at: directory + "/repository")
            try repository.script("echo 0 > a; git add -A; git commit -qm base; echo 1 > b; git add -A; git commit -qm one")
            let base = try repository.head("HEAD~1")
            let mirror = try GitMirror(path: directory + "/mirror.git")
            let tip = try amend(6, repository, into: mirror, directory)
            let thrownAway = try mirror.seen().filter { $0 != tip }
            #expect(thrownAway.count == 5)
            #expect(try bytes(mirror) > 6_000_000)
            // While all of it has a name nothing goes.
            #expect(try mirror.reclaim(least: 0) == 0)
            try mirror.keep(only: [tip])
            #expect(try mirror.seen() == [tip])
            // What is there has not doubled since the last look.
            #expect(try mirror.reclaim(least: 0) == 0)
            let last = try amend(7, repository, into: mirror, directory)
            try mirror.keep(only: [last])
            #expect(try mirror.reclaim(least: 0) > 10_000_000)
            #expect(try bytes(mirror) < 1_100_000)
            #expect(try mirror.contains(last) && mirror.contains(base))
            for commit in thrownAway { #expect(try !mirror.contains(commit)) }
            try mirror.verify()
            // What went is taken in again where the branch goes back to it.
            try repository.script("git reset -q --hard \(thrownAway[0]); echo 9 > c; git add -A; git commit -qm back")
            let back = try mirror.takeIn(repository, haves: [last], in: directory)
            try mirror.markSeen(back.tip)
            try mirror.verify()
        }
    }

    @Test func `a commit that comes in meanwhile keeps what it is built on`() throws {
        try withTemporaryDirectory { directory in
            let repository = try TestRepository(at: directory + "/repository")
            try repository.script("echo 0 > a; git add -A; git commit -qm base")
            let mirror = try GitMirror(path: directory + "/mirror.git")
            let old = try amend(3, repository, into: mirror, directory)
            let tip = try amend(1, repository, into: mirror, directory)
            try mirror.keep(only: [tip])
            var late: ObjectID?
            // Asked while it reads: by then it has seen which names there are.
            _ = try mirror.reclaim(least: 0) {
                guard late == nil else { return false }
                late = old
                do {
                    try repository.script("git checkout -q -B main \(old); echo late > late; git add -A; git commit -qm late")
                    late = try mirror.takeIn(repository, haves: [old], in: directory).tip
                } catch { Issue.record(error) }
                return false
            }
            let commit = try #require(late)
            #expect(commit != old)
            #expect(try mirror.markSeenIfWhole(commit))
            try mirror.verify()
            try makeDirectories(directory + "/work")
            _ = try mirror.export(commit, to: directory + "/work/tree")
        }
    }
}
