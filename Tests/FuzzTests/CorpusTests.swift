import FuzzTargets
import LinuxSystem
import TestSupport
import Testing

/// What a fuzzer once found, or started from, is tried again: each in a process of its own that ends where a promise is broken.
@Suite(.timeLimit(.minutes(10)), .serialized)
struct `Bytes of a stranger's` {
    @Test(arguments: FuzzTarget.allCases)
    func `that are kept break nothing`(target: FuzzTarget) throws {
        try attempt(target, try kept(target))
    }

    @Test(arguments: FuzzTarget.allCases.filter { $0 != .session })
    func `that chance makes of those that are kept break nothing`(target: FuzzTarget) throws {
        let seed = UInt64.random(in: 1...1_000_000_000)
        try attempt(target, ["mutated", "\(seed)", "400"] + (try kept(target)))
    }

    @Test func `that chance makes of requests are each answered once, and change nothing outside the zone`() throws {
        let seed = UInt64.random(in: 1...1_000_000_000)
        try attempt(.session, ["random", "\(seed)", "80"])
    }

    private func kept(_ target: FuzzTarget) throws -> [String] {
        let here = #filePath.split(separator: "/").dropLast().joined(separator: "/")
        let files = try run("find", ["/\(here)/Corpus/\(target.rawValue)", "-type", "f"]).requireSuccess().split(separator: "\n")
        return try #require(files.isEmpty ? nil : files.map(String.init))
    }

    private func attempt(_ target: FuzzTarget, _ words: [String]) throws {
        try withTemporaryDirectory { directory in
            let finished = try run(Executables.fuzz, [target.rawValue, directory] + words, seconds: 100)
            // The last line that it said names the input.
            #expect(finished.status.isSuccess && finished.output.hasSuffix("done\n"), "\(finished)")
        }
    }
}
