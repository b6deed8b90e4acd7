import DeployModel
import DeploySteps
import Testing

/// Which commit a server says that it serves.
struct ServedCommitTests {
    private let deployed = CommitID("0123456789abcdef0123456789abcdef01234567")

    @Test(arguments: ["0123456789abcdef0123456789abcdef01234567", "0123456", "0123456789AB"])
    func `a server may say its commit whole or by its first seven digits`(_ text: String) throws {
        let deployed = try #require(deployed)
        #expect(ServedCommit(text).objection(to: deployed, says: "it") == nil)
    }

    @Test(arguments: ["", "012345", "0123457", "0123456789abcdef0123456789abcdef012345678", "server", "\u{1B}[2J"])
    func `anything else is another commit`(_ text: String) throws {
        let deployed = try #require(deployed)
        let objection = try #require(ServedCommit(text).objection(to: deployed, says: "it"))
        #expect(objection.contains("not 0123456789ab"))
        #expect(!objection.contains("\u{1B}"))
    }

    @Test func `a health command names it in a line of its own`() {
        #expect(ServedCommit.named(in: "checking\ncommit: 0123456 \nwell\n") == "0123456")
        #expect(ServedCommit.named(in: "the commit: 0123456\n") == nil)
    }
}
