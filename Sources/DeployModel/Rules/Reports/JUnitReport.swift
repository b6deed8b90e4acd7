/// JUnit XML, as runners of every language write it; no standard says what is in it.
extension ReportReader {
    mutating func readJUnit(_ bytes: [UInt8]) throws(ReportFault) {
        var scanner = try XMLScanner(bytes)
        var suites: [Suite] = []
        /// The names of the elements that are open.
        var open: [String] = []
        var test: OpenTest?
        while let token = try scanner.next() {
            switch token {
            case .start(let name, let attributes):
                let parent = open.last
                open.append(name)
                guard let parent else {
                    guard name == "testsuites" || name == "testsuite" else {
                        throw ReportFault("is no JUnit report: its root element is \(name.prefix(100))")
                    }
                    suites.append(Suite(attributes, isSuite: name == "testsuite", in: nil, roots: roots))
                    continue
                }
                if test != nil {
                    guard name != "testcase", name != "testsuite" else { throw ReportFault("has a \(name) in a testcase") }
                    test?.take(element: name, attributes)
                } else if name == "testsuite" {
                    suites.append(Suite(attributes, isSuite: true, in: suites.last, roots: roots))
                } else if name == "testcase" {
                    // What a test printed may look like another's result.
                    guard parent == "testsuite" || parent == "testsuites", let suite = suites.last else {
                        throw ReportFault("has a testcase in a \(parent.prefix(100))")
                    }
                    test = OpenTest(attributes, in: suite, roots: roots)
                    for remark in test?.remarks ?? [] { self.remark(remark) }
                } else if parent == "testsuite" || parent == "testsuites", let meaning = ReportWords.meaning(ofElement: name) {
                    // A suite that could not be collected, or set up.
                    suites[suites.count - 1].take(meaning)
                }
            case .end(let name):
                open.removeLast()
                if name == "testcase", let ended = test {
                    test = nil
                    let result = TestReport.Test(id: ended.id, formerID: ended.formerID, outcome: ended.outcome)
                    try add(result)
                    suites[suites.count - 1].count(result.outcome, hadFailure: ended.hadFailure)
                } else if test == nil, name == "testsuite" || open.isEmpty, let ended = suites.popLast() {
                    var ended = ended
                    for contradiction in ended.contradictions {
                        try add(TestReport.Test(id: ended.label, formerID: "\(ended.label) error", outcome: .failed))
                        ended.count(.failed, hadFailure: true)
                        remark(contradiction)
                    }
                    if !suites.isEmpty { suites[suites.count - 1].count(ended) }
                }
            }
        }
    }

    /// A test case that is being read.
    private struct OpenTest {
        let id: String
        let formerID: String
        private(set) var hadFailure = false
        private(set) var remarks: [String] = []
        private var saysOutcome: TestReport.Outcome
        /// It is expected to fail, which no run fails by (node's `todo`).
        private var isToDo = false

        init(_ attributes: [String: String], in suite: Suite, roots: [String]) {
            let name = attributes["name"] ?? ""
            let className = attributes["classname"] ?? attributes["class"]
            formerID = [attributes["classname"] ?? attributes["file"], attributes["name"]].compactMap(\.self).joined(
                separator: "::")
            id =
                TestName(
                    file: attributes["file"].map { TestName.inTree($0, roots) } ?? suite.file, suites: suite.outer,
                    suite: suite.name,
                    className: className.map { TestName.inTree($0, roots) }, name: TestName.inTree(name, roots)
                ).id
            saysOutcome = suite.saysSkipped ? .skipped : .passed
            for (key, value) in attributes {
                guard let meaning = ReportWords.meaning(of: key, value) else { continue }
                take(meaning)
                if meaning == .unknown { remarks.append("\(key)=“\(value.prefix(80))” is not known to be a pass") }
            }
        }

        var outcome: TestReport.Outcome { isToDo ? .skipped : saysOutcome }

        mutating func take(element name: String, _ attributes: [String: String]) {
            // It failed, was tried again, and passed: that is the runner's word, and how often it may try is in its settings.
            if name.hasPrefix("flaky") { hadFailure = true }
            guard let meaning = ReportWords.meaning(ofElement: name) else { return }
            take(meaning)
            if meaning == .failed { hadFailure = true }
            if meaning == .skipped, attributes["type"] == "todo" { isToDo = true }
        }

        private mutating func take(_ meaning: ReportWords.Meaning) {
            switch meaning {
            case .passed: break
            case .skipped: if saysOutcome == .passed { saysOutcome = .skipped }
            case .failed, .unknown: saysOutcome = .failed
            }
        }
    }

    /// A suite that is open, or the report itself.
    private struct Suite {
        /// The suites around it, joined.
        let outer: String
        /// As far as it is the same by each run.
        let name: String
        let file: String?
        let hosts: [String]
        private(set) var saysSkipped = false
        private var saysFailed = false
        private var failures = 0.0
        private var skipped = 0.0
        /// Tests in it that had a failure, and that did not pass.
        private var failedTests = 0
        private var notPassed = 0
        private var unreadable: [String] = []

        init(_ attributes: [String: String], isSuite: Bool, in parent: Suite?, roots: [String]) {
            hosts = attributes["hostname"].map { [$0] } ?? parent?.hosts ?? []
            file = (attributes["file"] ?? attributes["filepath"]).map { TestName.inTree($0, roots) } ?? parent?.file
            outer = parent.map { TestName.joined($0.outer, $0.name) } ?? ""
            // What all suites together are called says nothing of a test.
            name = isSuite ? TestName.lasting(TestName.inTree(attributes["name"] ?? "", roots), hosts: hosts) : ""
            saysSkipped = parent?.saysSkipped ?? false
            for (key, value) in attributes {
                switch key {
                case "failures", "errors":
                    if let number = number(key, value) { failures += number }
                case "skipped": if let number = number(key, value) { skipped += number }
                // How many there are and are switched off is counted in too many ways: subtests, cases that ran all the same.
                case "tests", "disabled", "ignored": break
                default: if let meaning = ReportWords.meaning(of: key, value) { take(meaning) }
                }
            }
        }

        /// For people.
        var label: String { TestName.joined(outer, name).isEmpty ? "report" : TestName.joined(outer, name) }

        private mutating func number(_ key: String, _ value: String) -> Double? {
            if let number = Double(value.trimmingSpace), number.isFinite { return number }
            if !value.trimmingSpace.isEmpty { unreadable.append("\(key)=“\(value.prefix(80))” is no number") }
            return nil
        }

        mutating func take(_ meaning: ReportWords.Meaning) {
            switch meaning {
            case .passed: break
            case .skipped: saysSkipped = true
            case .failed, .unknown: saysFailed = true
            }
        }

        mutating func count(_ outcome: TestReport.Outcome, hadFailure: Bool) {
            if outcome == .failed || hadFailure { failedTests += 1 }
            if outcome != .passed { notPassed += 1 }
        }

        mutating func count(_ inner: Suite) {
            failedTests += inner.failedTests
            notPassed += inner.notPassed
        }

        /// What it says of itself and its tests do not say.
        var contradictions: [String] {
            var found = unreadable
            if saysFailed { found.append("\(label) says of itself that it did not pass") }
            if failures > 0, failedTests == 0 { found.append("\(label) counts failures or errors, and no test in it failed") }
            if skipped > Double(notPassed) {
                found.append("\(label) counts more skipped tests than say that they were skipped")
            }
            return found
        }
    }
}

extension String {
    fileprivate var trimmingSpace: String {
        String(drop { $0.isWhitespace }.reversed().drop { $0.isWhitespace }.reversed())
    }
}
