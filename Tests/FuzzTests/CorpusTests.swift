import FuzzTargets
import LinuxSystem
import TestSupport
import Testing

/// What a fuzzer once found, or started from, is tried again: each in a process of its own that ends where a promise is broken.
@Suite(.timeLimit(.minutes(5)), .serialized)
struct `Bytes of a stranger's` {
    @Test(arguments: FuzzTarget.allCases)
    func `that are kept break nothing`(target: FuzzTarget) throws {
        let here = #filePath.split(separator: "/").dropLast().joined(separator: "/")
        let files = try run("find", ["/\(here)/Corpus/\(target.rawValue)", "-type", "f"]).requireSuccess().split(separator: "\n")
        #expect(!files.isEmpty)
        try attempt(target, files.map(String.init))
    }

    @Test func `that chance makes of requests are each answered once, and change nothing outside the zone`() throws {
        let seed = UInt64.random(in: 1...1_000_000_000)
        try attempt(.session, ["random", "\(seed)", "80"])
    }

    private func attempt(_ target: FuzzTarget, _ words: [String]) throws {
        try withTemporaryDirectory { directory in
            let finished = try run(Executables.fuzz, [target.rawValue, directory] + words, seconds: 100)
            // The last line that it said names the input.
            #expect(finished.status.isSuccess && finished.output.hasSuffix("done\n"), "\(finished)")
        }
    }
}
