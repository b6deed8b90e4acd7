import DeployModel
import FoundationEssentials
import LinuxSystem
import TestSupport
import Testing

@testable import DeployService

/// What is shown is what is known, whoever found it out.
@Suite(.timeLimit(.minutes(10))) struct StatusBoardTests {
    @Test func `warnings that come at the same time from several threads are all shown`() throws {
        try withTemporaryDirectory { root in
            let farm = try Farm(root)
            let board = StatusBoard(farm.settings, branch: "main")
            try board.show(HistoryStore(path: farm.deployments + "/history.sqlite"))
            for turn in 1...100 {
                // One writes the file while the others come.
                let first = try SystemThread("first") { board.warn("first", "first \(turn)") }
                let second = try SystemThread("second") { board.warn("second", "second \(turn)") }
                board.warn("third", "third \(turn)")
                first.join()
                second.join()
                let expected = ["first", "second", "third"].map { "\($0) \(turn)" }
                #expect(board.document?.warnings == expected)
                let written = try DeployJSON.decode(StatusDocument.self, from: Data(readBytes(farm.deployments + "/status.json")))
                #expect(written.warnings == expected)
            }
        }
    }
}
