internal import PlainText

/// Something new in a change that could reach for what judges it. It proves nothing, and many an honest line looks like it: a human is asked,
/// with the line in front of them.
package struct Hint: Codable, Hashable, Sendable {
    package enum Kind: String, Codable, Hashable, Sendable, CaseIterable {
        /// Imports, names or extends a test runner or the assertions of one.
        case runner
        /// Reaches for frames, code objects, loaded modules or what runs at each call or import.
        case interpreter
        /// Ends the process, or does something at its end.
        case ending
        /// Becomes or makes another process.
        case process
        /// Runs text as code.
        case evaluation
        /// Can tell a test from production: names the run's variables, its directory, the tests.
        case environment
        /// A class that says itself what is equal, or a comparison that is constant.
        case equality
        /// Texts that are put together, or letters by their numbers.
        case hidden
        /// A file, or a name, that would be taken in place of one of the language, its library or a runner.
        case shadow
        /// A file that is machine code or the like: nobody can read what it does.
        case compiled
        /// What makes a package manager or a runner load a plugin.
        case metadata
        /// A name that looks like another in letters of another alphabet.
        case lookalike

        package var sentence: String {
            switch self {
            case .runner: "names a test runner or its assertions"
            case .interpreter: "reaches for frames, code objects or loaded modules"
            case .ending: "ends the process, or acts at its end"
            case .process: "becomes or makes another process"
            case .evaluation: "runs text as code"
            case .environment: "can tell a test from production"
            case .equality: "says itself what is equal"
            case .hidden: "is written so that nobody finds the word"
            case .shadow: "stands in place of a module or a name of the language, its library or a runner"
            case .compiled: "is compiled: nobody can read what it does"
            case .metadata: "makes a package manager or a runner load something"
            case .lookalike: "has letters of several alphabets in one name"
            }
        }
    }

    package var kind: Kind
    /// As in the tree; escape with `plain` before a terminal sees it.
    package var path: String
    /// From 1; nil where it is about the file.
    package var line: Int?
    /// The line, cut at 200 characters; escape with `plain`.
    package var text: String?

    package init(kind: Kind, path: String, line: Int? = nil, text: String? = nil) {
        self.kind = kind
        self.path = path
        self.line = line
        self.text = text.map { String($0.prefix(200)) }
    }
}

extension Hint {
    /// For people, escaped.
    package var shown: String {
        let location = path.plain() + (line.map { ":\($0)" } ?? "")
        return "\(location) \(kind.sentence)" + (text.map { ": \($0.plain())" } ?? "")
    }
}

/// The hints of one change.
package struct HintList: Codable, Hashable, Sendable {
    /// How many a record lists at most.
    package static let listed = 50

    /// All that were found, beyond the listed ones too.
    package var count: Int
    package var listed: [Hint]
    /// Files that are too large to be looked through: the first of them.
    package var unread: [String]
    /// How many more there are. Absent: none.
    package var unlistedUnread: Int?

    package init(_ hints: [Hint], unread: [String] = []) {
        count = hints.count
        listed = hints.listed(Self.listed) { $0.path.utf8.count + ($0.text?.utf8.count ?? 0) }
        self.unread = unread.listed(Self.listed)
        unlistedUnread = unlisted(self.unread, of: unread.count)
    }

    /// For people, escaped: a line each.
    package var lines: [String] {
        listed.map(\.shown) + (count > listed.count ? ["and \(count - listed.count) more"] : [])
            + unread.map { "\($0.plain()) is too large to be looked through" }
            + [unlistedUnread.map { "and \($0) more are" }].compactMap(\.self)
    }
}
