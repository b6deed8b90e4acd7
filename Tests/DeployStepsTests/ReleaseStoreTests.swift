import DeployModel
import TestSupport
import Testing

@testable import DeploySteps

/// Where versions lie, and whose they are by their names.
struct ReleaseStoreTests {
    private let commit = CommitID(String(repeating: "a", count: 40))!

    /// As the steps name them.
    private func path(_ number: Int, in root: String) -> String { "\(root)/\(number)-\(commit.short)" }

    @Test func `a release is found by its number, and its name says whose it is`() throws {
        try withTemporaryDirectory { root in
            let store = ReleaseStore(directory: root)
            for number in [10, 9, 100] { try makeDirectories(path(number, in: root)) }
            try shell("mkdir .discarded-1 7 x-1; touch .9-aaaaaaaaaaaa.files", workingDirectory: root).requireSuccess()
            #expect(try store.all().map(\.deployment) == [9, 10, 100])
            for (number, release) in try store.all() {
                #expect(release == path(number, in: root) && store.holds(release))
                let name = try #require(ReleaseStore.Name(of: release))
                #expect(name.deployment == number && name.commit == commit.short)
            }
            #expect(!store.holds(root) && !store.holds(root + "-other/9"))
        }
    }

    @Test(arguments: ["", "/", "12", "-abc", "x-abc", ".12-abc.files", "releases/current"])
    func `what is no release's name is nobody's`(_ path: String) {
        #expect(ReleaseStore.Name(of: path) == nil)
    }

    @Test func `a version is where it was published, as long as that is a directory`() throws {
        try withTemporaryDirectory { root in
            let store = ReleaseStore(directory: root)
            func found(_ release: String?) throws -> String? {
                try store.release(
                    of: .init(
                        deployment: 1, commit: commit, tree: "t", release: release, since: Timestamp(milliseconds: 0), origin: 1))
            }
            try shell("mkdir 1-a; ln -s 1-a 2-a; touch 3-a", workingDirectory: root).requireSuccess()
            #expect(try found(root + "/1-a") == root + "/1-a")
            for name in ["2-a", "3-a", "4-a"] { #expect(try found(root + "/" + name) == nil, "\(name)") }
            #expect(try found(nil) == nil)
        }
    }

    @Test func `what is known of a release goes with it`() throws {
        try withTemporaryDirectory { root in
            let store = ReleaseStore(directory: root)
            for number in [1, 2] {
                try makeDirectories(path(number, in: root) + "/in")
                try ReleaseRecord().publish(path(number, in: root), as: path(number, in: root))
            }
            try shell("rm -r 1-*", workingDirectory: root).requireSuccess()
            try store.removeOrphans()
            let record = ReleaseRecord.path(of: path(2, in: root))
            #expect(try ReleaseRecord.read(record)?.paths == [Array("in".utf8)])
            #expect(try shell("ls -A", workingDirectory: root).requireSuccess() == ".2-\(commit.short).files\n2-\(commit.short)\n")
            // A damaged one is none.
            try writeFile(record, "short")
            #expect(try ReleaseRecord.read(record) == nil)
        }
    }
}
