import CLinux
import DeployModel
import LinuxSystem
import TestSupport
import Testing

@testable import DeployService

/// What the loop may sleep on: a watch that says whether it would be woken.
@Suite(.timeLimit(.minutes(10))) struct WatchTests {
    @Test func `a watch rings for whatever may move a tip, and says when it does not see all of that`() async throws {
        try await withTemporaryDirectory { root in
            let farm = try Farm(root)
            let count = Lock(0)
            let watch = try RepositoryWatch(repository: farm.codeRepo) { count.withLock { $0 += 1 } }
            try watch.start()
            defer { watch.stop() }
            // On some file systems it never does, since others change them.
            let canSeeAll = try Watchability.changesElsewhere(Descriptor.open(farm.codeRepo, [.readOnly])) == nil
            func rings(_ what: String, _ body: () throws -> Void) async throws {
                let before = count.withLock { $0 }
                try body()
                try await eventually("\(what) rings") { count.withLock { $0 } > before }
            }
            try await eventually("it sees all") { watch.seesAll == canSeeAll && count.withLock { $0 } > 0 }
            try await rings("a commit") { try farm.commit(["a": "1"]) }
            try await rings("a branch in a directory of its own") { try farm.git("branch", "x/y/z") }
            let second = try farm.commit(["a": "2"])
            try await rings("a commit on it") { try farm.git("update-ref", "refs/heads/x/y/z", second.hex) }
            try await rings("packing") { try farm.git("pack-refs", "--all") }
            for replacement in ["true", "mkfifo .git", "echo 'gitdir: kept' > .git", "ln -s kept .git", "mkdir .git"] {
                try await rings(replacement) { try farm.agent("mv .git kept; \(replacement)") }
                try await eventually("it does not see all: \(replacement)") { !watch.seesAll }
                try await rings("the end of it") { try farm.agent("rm -rf .git; mv kept .git") }
                try await eventually("it sees all again after: \(replacement)") { watch.seesAll == canSeeAll }
            }
            // Another repository in its place, known by the same name, in one step: where there is nothing for a moment, that is seen.
            try run("cp", ["-a", farm.codeRepo, root + "/other"]).requireSuccess()
            try await rings("another in its place") {
                _ = try check {
                    unsafe pinfold_renameat2(
                        pinfold_AT_FDCWD, root + "/other", pinfold_AT_FDCWD, farm.codeRepo, RenameFlags.exchange.rawValue)
                }
            }
            try await eventually("it sees the other") { watch.seesAll == canSeeAll }
            try await rings("a commit in the other") { try farm.commit(["a": "3"]) }
        }
    }
}
