internal import FoundationEssentials

/// `go test -json`: an object a line.
enum GoTestLines {
    private struct Event: Decodable {
        var Action: String
        var Package: String?
        var Test: String?
        var Output: String?
    }

    private struct Key: Hashable {
        var package: String
        var test: String
    }

    static func read(_ bytes: [UInt8]) -> (cases: [PrintedResult], text: [UInt8]) {
        var cases: [PrintedResult] = []
        var text: [UInt8] = []
        // Where a test that has begun, and not ended, is in `cases`: failed, as long as nothing else is said.
        var open: [Key: Int] = [:]
        var failed: Set<String> = []
        var withTests: Set<String> = []
        let decoder = JSONDecoder()
        for line in bytes.split(separator: UInt8(ascii: "\n")) {
            guard line.first == UInt8(ascii: "{"), let event = try? decoder.decode(Event.self, from: Data(line)) else {
                text += line + [UInt8(ascii: "\n")]
                continue
            }
            if let output = event.Output { text += Array(output.utf8) }
            guard let package = event.Package else { continue }
            guard let test = event.Test else {
                switch event.Action {
                // What is not a test's fault: it was not built, or ended by itself.
                case "fail" where !failed.contains(package):
                    cases.append(.init(suite: package, name: "(package)", outcome: .failed))
                // Tests were looked for, and none ran.
                case "pass" where !withTests.contains(package):
                    cases.append(.init(suite: package, name: "(package)", outcome: .skipped))
                default: break
                }
                continue
            }
            let key = Key(package: package, test: test)
            let outcome: TestReport.Outcome? =
                switch event.Action {
                case "pass": .passed
                case "fail": .failed
                case "skip": .skipped
                default: nil
                }
            withTests.insert(package)
            switch (event.Action, outcome, open[key]) {
            case ("run", _, nil):
                open[key] = cases.count
                cases.append(.init(suite: package, name: test, outcome: .failed))
            case (_, .some(let outcome), let index):
                if outcome == .failed { failed.insert(package) }
                if let index {
                    cases[index].outcome = outcome
                } else {
                    cases.append(.init(suite: package, name: test, outcome: outcome))
                }
                open[key] = nil
            default: break
            }
        }
        return (cases, text)
    }
}
