import AdminInterface
import DeployModel
import LinuxSystem
import PlainText
import TestSupport
import Testing

/// What the agent may put into a message, a name or its output, through the commands that print it, for people and for programs.
@Suite(.timeLimit(.minutes(10))) struct HostileTextTests {
    /// A clear screen in seven and in eight bits, a title, a line of its own, text that is turned and text that is not seen.
    static let hostile =
        "\u{1b}[2J\u{9b}2J\u{9d}0;owned\u{9c}\nwaiting  nobody\r\u{202e}txt.exe\u{2066}\u{200b}\u{2060}\u{feff}\u{ad}\u{3164}\u{fe0f}\u{e0041}\u{2028}\u{7f}é 日本"
    private let service: FakeService

    init() {
        let text = Self.hostile
        var deployment = Samples.wholeDeployment
        deployment.subject = text
        deployment.author = text
        deployment.reason = text
        deployment.advice = text
        deployment.surface = [text]
        deployment.changes?.paths = ["A " + text]
        deployment.hints = HintList([Hint(kind: .ending, path: text, line: 3, text: text)], unread: [text])
        deployment.verdict?.failed = [text]
        service = FakeService(deployment)
        service.change { state in
            state.status = Samples.wholeStatus
            state.status.current = deployment
            state.status.last = deployment
            state.status.warnings = [text]
            state.output = text + "\n"
            state.change = Array(("+" + text + "\n").utf8)
            state.events = [Event(at: Samples.moment, who: text, what: text, outcome: text)]
        }
    }

    @Test func `nothing that acts on a terminal comes out of any command, in either form`() async throws {
        let commands = [
            ["status"], ["history"], ["history", "--events"], ["show", "7"], ["logs", "7"], ["diff", "7"],
            ["why", "--surface", Self.hostile],
        ]
        try await withTemporaryDirectory { directory in
            let live = try LiveServer(dataRoot: directory)
            try await live.serving(service) {
                for words in commands {
                    for form in [[], ["--json"]] {
                        let finished = try await live.pinfold(words + form)
                        #expect(finished.status != .exited(2), "\(words): \(finished)")
                        let acting = finished.output.unicodeScalars.filter { !$0.isPlain && $0 != "\n" && $0 != "\t" }
                        #expect(acting.isEmpty, "\(words + form): \(acting.map { String($0.value, radix: 16) })")
                        // Shown as it is where it is harmless, and not left out.
                        #expect(finished.output.contains("é 日本"), "\(words + form): \(finished)")
                        let isOwnLine = finished.output.split(separator: "\n").contains { $0.hasPrefix("waiting  nobody") }
                        // Output and a change have lines of their own.
                        #expect(!isOwnLine || ["logs", "diff"].contains(words[0]) && form.isEmpty, "\(words + form)")
                    }
                }
            }
        }
    }

    @Test func `a program gets from the JSON what the agent wrote`() async throws {
        try await withTemporaryDirectory { directory in
            let live = try LiveServer(dataRoot: directory)
            try await live.serving(service) {
                let shown = try await live.pinfold(["show", "7", "--json"])
                let deployment = try DeployJSON.decode(Deployment.self, from: .init(shown.output.utf8))
                #expect(deployment.subject == Self.hostile && deployment.surface == [Self.hostile])
                let log = try await live.pinfold(["logs", "7", "--json"])
                #expect(try DeployJSON.decode(LogPage.self, from: .init(log.output.utf8)).text == Self.hostile + "\n")
            }
        }
    }

    @Test func `an error that quotes it is one line that shows what it is`() async throws {
        try await withTemporaryDirectory { directory in
            let live = try LiveServer(dataRoot: directory)
            try await live.serving(service) {
                service.change { $0.failure = .refused("no: \(Self.hostile)") }
                let finished = try await live.pinfold(["hold", "--reason", "x"])
                #expect(finished.status == .exited(1), "\(finished)")
                #expect(finished.errors.unicodeScalars.allSatisfy { $0.isPlain || $0 == "\n" }, "\(finished)")
                #expect(finished.errors.split(separator: "\n", omittingEmptySubsequences: false).count == 2)
            }
        }
    }
}
