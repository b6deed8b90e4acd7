import ArgumentParser
import CommandLineSupport
import Testing

@testable import PinfoldCommands

/// What an error comes to that no command has said in words of its own.
@Suite struct OutcomeTests {
    private struct Fault: Error {}

    private func code(_ error: any Error) -> Int32 {
        Outcome.exitCode(after: error, of: PinfoldCommand.self, program: "pinfold", help: "pinfold --help")
    }

    @Test func `wrong usage is what the parser says is, and whatever else was thrown did not work`() throws {
        #expect(code(ValidationError("x")) == 2)
        #expect(code(Fault()) == 1)
        let parsed = #expect(throws: (any Error).self) { _ = try PinfoldCommand.parseAsRoot(["mount", "--nonsense"]) }
        #expect(parsed.map(code) == 2)
    }
}
