/// What the report of one run says about each of its tests, in whatever form it was written and in however many files. Whoever wrote it may be hostile.
package struct TestReport: Hashable, Sendable {
    package enum Outcome: String, Codable, Hashable, Sendable, CaseIterable {
        case passed
        case failed
        case skipped
    }

    /// How a run writes its report.
    package enum Format: String, Sendable, CaseIterable {
        /// JUnit XML, as most runners can.
        case junit
        /// What `go test -json` prints.
        case go
        /// What `cargo test` and Rust's test harness print, both of their streams.
        case cargo
        /// What `swift test`, XCTest and Swift Testing print, both of their streams.
        case swift
    }

    /// One result in a report.
    package struct Test: Hashable, Sendable {
        /// Suite, file, class and name, as far as they add something to each other; bounded.
        package let id: String
        /// What `PassedTests.Form.classAndName` calls it; bounded, and never empty where `id` is not.
        package let formerID: String
        package var outcome: Outcome

        package init(id: String, formerID: String? = nil, outcome: Outcome) {
            self.id = Self.bounded(id)
            self.formerID = formerID.flatMap { $0.isEmpty ? nil : Self.bounded($0) } ?? self.id
            self.outcome = outcome
        }

        /// Bytes of an id: comparing two strings may take the square of their lengths, where they are of combining marks.
        package static let longestID = 1024

        /// An id that is longer is known by its beginning and a sum of all of it (FNV-1a). A zero byte ends a text in a digest, so none stays.
        static func bounded(_ id: String) -> String {
            let id = id.utf8.contains(0) ? String(id.unicodeScalars.filter { $0 != "\0" }) : id
            guard id.utf8.count > longestID else { return id }
            var sum: UInt64 = 0xcbf2_9ce4_8422_2325
            for byte in id.utf8 { sum = (sum ^ UInt64(byte)) &* 0x100_0000_01b3 }
            return String(decoding: Array(id.utf8.prefix(900)), as: UTF8.self) + "… " + String(sum, radix: 16)
        }
    }

    /// By id. The second of several results for one id has ` ×2` after it, and so on, those that passed first: none of them is gone unseen.
    package let cases: [String: Outcome]
    /// By the former id, of several results the worst.
    private let formerCases: [String: Outcome]
    /// What in it is not understood, or contradicts itself, and was therefore not taken for a pass.
    package let remarks: [String]

    /// Tests in one report, at most: more are no report.
    package static let mostTests = 500_000

    package init(_ tests: [Test], remarks: [String] = []) {
        var counts: [String: [Outcome: Int]] = [:]
        var former: [String: Outcome] = [:]
        for test in tests {
            counts[test.id, default: [:]][test.outcome, default: 0] += 1
            switch (former[test.formerID], test.outcome) {
            case (.failed, _), (.skipped, .passed): break
            default: former[test.formerID] = test.outcome
            }
        }
        var cases: [String: Outcome] = [:]
        for (id, outcomes) in counts {
            var number = 0
            for outcome in [Outcome.passed, .failed, .skipped] {
                for _ in 0..<outcomes[outcome, default: 0] {
                    number += 1
                    cases[Self.numbered(id, number)] = outcome
                }
            }
        }
        self.cases = cases
        formerCases = former
        self.remarks = remarks
    }

    /// Tests that are each there once.
    package init(cases: [String: Outcome]) {
        self.init(cases.map { Test(id: $0.key, outcome: $0.value) })
    }

    /// An id that looks like a numbered one is numbered from the first, so that no two ids become one.
    private static func numbered(_ id: String, _ number: Int) -> String {
        if number > 1 { return "\(id) ×\(number)" }
        let digits = id.utf8.reversed().prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }.count
        return digits > 0 && id.utf8.dropLast(digits).suffix(3).elementsEqual(" ×".utf8) ? "\(id) ×1" : id
    }

    /// Whether a file that begins like this is a report in JUnit XML: its first element says so.
    package static func begins(_ bytes: [UInt8]) -> Bool {
        let element = bytes.indices.dropLast().first {
            bytes[$0] == UInt8(ascii: "<") && bytes[$0 + 1] != UInt8(ascii: "?") && bytes[$0 + 1] != UInt8(ascii: "!")
        }
        return element.map { bytes[$0...].starts(with: "<testsuite".utf8) } ?? false
    }

    /// - Parameter form: how the ids are written.
    package func ids(_ outcome: Outcome, in form: PassedTests.Form = .whole) -> Set<String> {
        let cases = form == .whole ? cases : formerCases
        return Set(cases.lazy.filter { $0.value == outcome }.map(\.key))
    }
}

/// The tests that passed for a version, as its record has them.
package struct PassedTests: Hashable, Sendable {
    /// How ids are written. A version that an older daemon tested is compared with in its own form.
    package enum Form: Int, Hashable, Sendable {
        /// `class::name`, several of the same as one.
        case classAndName = 1
        /// Suite, file, class, name, and which of several of the same.
        case whole = 2
    }

    package let ids: Set<String>
    package let form: Form

    package init(_ ids: Set<String>, form: Form = .whole) {
        self.ids = ids
        self.form = form
    }
}
