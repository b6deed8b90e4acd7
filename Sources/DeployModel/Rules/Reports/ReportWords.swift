/// What the words of runners mean.
enum ReportWords {
    enum Meaning: Hashable {
        case passed
        case skipped
        case failed
        /// Not known: no pass.
        case unknown
    }

    /// Attributes of a test that say how it went: of the test, in whatever case they are written.
    static func meaning(of key: String, _ value: String) -> Meaning? {
        guard let kind = attributes[key] ?? attributes[folded(key)] else { return nil }
        let word = folded(value)
        guard !word.isEmpty else { return nil }
        switch kind {
        case .word: return words[word] ?? .unknown
        case .wasRun: return truth[word].map { $0 ? .passed : .skipped } ?? .unknown
        case .succeeded: return truth[word].map { $0 ? .passed : .failed } ?? .unknown
        case .wasNotRun: return truth[word] == false ? .passed : .skipped
        }
    }

    /// What an element in a test says of it; nil for what says nothing.
    static func meaning(ofElement name: String) -> Meaning? {
        let name = folded(name)
        for (beginning, meaning) in elements where name.hasPrefix(beginning) { return meaning }
        return nil
    }

    private static let elements: [(String, Meaning)] = [
        ("fail", .failed), ("error", .failed), ("rerun", .failed), ("timeout", .failed), ("timedout", .failed), ("abort", .failed),
        ("crash", .failed), ("warning", .failed), ("skip", .skipped), ("ignored", .skipped), ("disabled", .skipped),
        ("notrun", .skipped),
        ("incomplete", .skipped), ("pending", .skipped), ("inconclusive", .skipped), ("suppressed", .skipped),
    ]

    private enum Kind {
        case word
        case wasRun
        case succeeded
        case wasNotRun
    }

    private static let attributes: [String: Kind] = [
        "status": .word, "result": .word, "outcome": .word, "state": .word, "executed": .wasRun, "success": .succeeded,
        "skipped": .wasNotRun, "disabled": .wasNotRun, "ignored": .wasNotRun, "notrun": .wasNotRun,
    ]

    private static let words: [String: Meaning] = {
        var words: [String: Meaning] = [:]
        for word in ["run", "passed", "pass", "success", "successful", "succeeded", "ok", "completed", "complete", "true"] {
            words[word] = .passed
        }
        for word in [
            "notrun", "notexecuted", "skipped", "skip", "disabled", "suppressed", "ignored", "ignore", "pending", "todo",
            "untested",
            "inconclusive", "excluded", "filtered", "deselected", "blocked", "incomplete", "none",
        ] {
            words[word] = .skipped
        }
        for word in [
            "fail", "failed", "failure", "error", "errored", "broken", "timeout", "timedout", "aborted", "crashed", "false",
        ] {
            words[word] = .failed
        }
        return words
    }()

    private static let truth = ["true": true, "yes": true, "1": true, "false": false, "no": false, "0": false]

    /// `Not_Run`, `not run` and `notRun` are one word.
    private static func folded(_ text: String) -> String {
        String(decoding: text.utf8.prefix(100).filter { !" \t\r\n_-".utf8.contains($0) }, as: UTF8.self).lowercased()
    }
}
