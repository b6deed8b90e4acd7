/// What a JUnit XML report says about each test. Whoever wrote it may be hostile: what cannot be read in whole is no report.
package struct JUnitReport: Hashable, Sendable {
    package enum Outcome: String, Codable, Hashable, Sendable {
        case passed
        case failed
        case skipped
    }

    /// By `classname::name`. Of several results for one id the worst counts.
    package private(set) var cases: [String: Outcome] = [:]

    package func ids(_ outcome: Outcome) -> Set<String> {
        Set(cases.lazy.filter { $0.value == outcome }.map(\.key))
    }

    package init(cases: [String: Outcome]) {
        self.cases = cases
    }

    /// nil where `bytes` is not well formed enough to be trusted: unbalanced, cut off, or with a document type (entities).
    package init?(parsing bytes: [UInt8]) {
        var scanner = XMLScanner(bytes)
        var open: [String] = []
        // The innermost suites' names: what an error outside a case is called by.
        var suites: [String] = []
        var outside = 0
        var current: (id: String, outcome: Outcome)?
        var sawRoot = false
        while let token = scanner.next() {
            switch token {
            case .start(let name, let attributes, let empty):
                if open.isEmpty {
                    guard !sawRoot, name == "testsuites" || name == "testsuite" else { return nil }
                    sawRoot = true
                }
                if name == "testcase" {
                    guard current == nil else { return nil }
                    let id = [attributes["classname"] ?? attributes["file"], attributes["name"]].compactMap(\.self)
                    current = (id.joined(separator: "::"), .passed)
                    if empty, let ended = current {
                        record(ended)
                        current = nil
                    }
                } else if current != nil, open.last == "testcase" {
                    switch name {
                    case "failure", "error": current?.outcome = .failed
                    case "skipped": if current?.outcome == .passed { current?.outcome = .skipped }
                    default: break
                    }
                } else if name == "error" || name == "failure" {
                    // Outside a case: a suite that could not be collected.
                    outside += 1
                    record(("\(suites.last ?? "report") \(name) \(outside)", .failed))
                }
                if !empty {
                    guard open.count < Self.mostDepth else { return nil }
                    open.append(name)
                    if name == "testsuite" { suites.append(attributes["name"] ?? suites.last ?? name) }
                }
            case .end(let name):
                guard open.popLast() == name else { return nil }
                if name == "testsuite" { _ = suites.popLast() }
                if name == "testcase", let ended = current {
                    record(ended)
                    current = nil
                }
            case .broken:
                return nil
            }
        }
        guard open.isEmpty, sawRoot else { return nil }
    }

    private mutating func record(_ test: (id: String, outcome: Outcome)) {
        let id = Self.bounded(test.id)
        switch (cases[id], test.outcome) {
        case (.failed, _), (.skipped, .passed): break
        default: cases[id] = test.outcome
        }
    }

    /// Elements within each other: reports have a handful.
    private static let mostDepth = 1000
    /// Bytes of an id: comparing two strings may take the square of their lengths, where they are of combining marks.
    package static let longestID = 1024

    /// An id that is longer is known by its beginning and a sum of all of it (FNV-1a).
    private static func bounded(_ id: String) -> String {
        guard id.utf8.count > longestID else { return id }
        var sum: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in id.utf8 { sum = (sum ^ UInt64(byte)) &* 0x100_0000_01b3 }
        return String(decoding: Array(id.utf8.prefix(900)), as: UTF8.self) + "… " + String(sum, radix: 16)
    }
}
