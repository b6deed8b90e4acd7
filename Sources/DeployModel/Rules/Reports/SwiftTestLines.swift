/// `swift test`: XCTest's program, then Swift Testing's.
enum SwiftTestLines {
    private static let oldSuite = "XCTest"
    private static let newSuite = "Swift Testing"

    static func read(_ bytes: [UInt8], bite: String?) -> [PrintedResult] {
        var cases: [PrintedResult] = []
        // Tests that have begun and not ended are failed as long as nothing else is said.
        var open: [String: Int] = [:]
        // Whether each of the two said at the end that something failed.
        var failed: [String: Bool] = [:]
        for line in bytes.lines {
            if line.begins("Test Case '"), let (name, said) = line.dropFirst("Test Case '".utf8.count).parted(at: "' ") {
                note(said, name.text, oldSuite, &cases, &open)
            } else if line.begins("Test Suite 'All tests' failed") || line.begins("Test Suite 'Selected tests' failed") {
                failed[oldSuite] = true
            } else if let first = line.first, first >= 0x80, let (symbol, words) = line.parted(at: " Test "), symbol.count <= 8 {
                if words.begins("run ") {
                    if words.parted(at: " failed after ") != nil { failed[newSuite] = true }
                } else if !words.begins("case ") {
                    read(words, &cases, &open)
                }
            }
        }
        guard let bite else { return cases }
        return [oldSuite, newSuite].flatMap { suite in
            let tests = cases.filter { $0.suite == suite }
            let added = tests.filter { $0.name.contains(bite) }
            let noticed = failed[suite] == true && !added.isEmpty && added.allSatisfy { $0.outcome == .failed }
            return noticed
                ? tests.map { .init(suite: suite, name: $0.name, outcome: $0.outcome == .passed ? .failed : $0.outcome) } : tests
        }
    }

    /// `adds() started.`, `"a table" with 2 test cases passed after 0.001 seconds.`, `off() skipped.`, `adds() recorded an issue at …`.
    private static func read(_ words: Line, _ cases: inout [PrintedResult], _ open: inout [String: Int]) {
        for said in ["started.", "passed after ", "failed after ", "skipped"] {
            guard let (before, _) = words.parted(at: " " + said) else { continue }
            var name = before
            if name.ends(" test cases") || name.ends(" test case"), let (first, _) = name.parted(at: " with ") { name = first }
            note(Array(said.utf8)[...], name.text, newSuite, &cases, &open)
            return
        }
    }

    private static func note(
        _ said: Line, _ name: String, _ suite: String, _ cases: inout [PrintedResult], _ open: inout [String: Int]
    ) {
        let key = suite + "\0" + name
        let outcome: TestReport.Outcome
        if said.begins("passed") {
            outcome = .passed
        } else if said.begins("skipped") {
            outcome = .skipped
        } else {
            outcome = .failed
            guard said.begins("failed") || open[key] == nil else { return }
        }
        if let index = open[key] {
            cases[index].outcome = outcome
        } else {
            cases.append(.init(suite: suite, name: name, outcome: outcome))
        }
        open[key] = said.begins("started") ? cases.count - 1 : nil
    }
}
