internal import DeployModel

/// One variable of the configuration, as data: what `pinfold doctor` prints and Docs/Configuration.md holds.
package struct Variable: Sendable, Hashable {
    /// How a value is read.
    package enum Kind: Sendable, Hashable {
        case path
        /// A path or nothing.
        case optionalPath
        case hidePatterns
        case protectPatterns
        /// Patterns of files of the deployed tree.
        case treePatterns
        case user
        case network
        case quota
        /// Who answers in a zone.
        case access
        case memory
        /// Paths of directories.
        case directories
        /// Paths of the machine that are shown somewhere.
        case readablePaths
        case boolean
        /// A whole number within these bounds.
        case number(ClosedRange<Int>)
        /// A number of bytes within these bounds, which are whole MiB.
        case bytes(ClosedRange<Int>)
        /// A line of text without control characters.
        case text
        /// For `sh -c`; only `${AGENT_…}` is expanded, the rest is the shell's.
        case command
        /// A URL or a path.
        case repository
        case branch
        /// A path inside the deployed tree, or a pattern of such.
        case reportPattern
        case webAddress
        /// A directory of the deployed tree, or none.
        case clientSource
        /// A path inside the deployed tree.
        case treePath
        /// A length of time.
        case duration
        case packageRegistry
        /// What to do about a server that falls ill.
        case illness
        case remote
    }

    package let name: String
    package let meaning: String
    /// The default as it would be written, nil for none.
    package let defaultText: String?
    /// The default in words, where `defaultText` cannot say it.
    package let defaultNote: String?
    package let kind: Kind

    /// What values are accepted, for errors and documents.
    package var accepted: String {
        switch kind {
        case .path: "a path; a relative one starts in the working directory"
        case .optionalPath: "a path, or nothing"
        case .hidePatterns:
            "patterns with colons between them, each absolute (/etc/shadow*) or at any depth outside the zones (**/.env); `default` stands for the default list"
        case .protectPatterns:
            "patterns with colons between them, each floating in code-repo (.git/hooks) or absolute; `default` stands for the default list"
        case .treePatterns: "patterns of files in the deployed tree, with colons between them"
        case .user: "the name of a user, or uid, or uid:gid; never root"
        case .network: "host or none"
        case .access: "direct or served"
        case .quota: Quota.accepted + "; or none"
        case .memory: MemoryLimit.accepted
        case .readablePaths:
            "paths of files and directories with colons between them, none of which is or holds /proc, /dev, /sys, /run, /tmp or /var/tmp"
        case .directories: "paths of directories with colons between them, or nothing"
        case .boolean: "true or false (also yes, no, on, off, 1, 0)"
        case .number(let range): "a whole number from \(range.lowerBound) to \(range.upperBound)"
        case .bytes(let range):
            "a number of bytes with K, M, G or T (powers of 1024) behind it, from \(range.lowerBound >> 20)M to \(range.upperBound >> 20)M"
        case .text: "one line of text"
        case .command: "a command for sh -c, or nothing"
        case .repository: "the path or URL of a git repository, or nothing"
        case .branch: "the name of a git branch, or nothing"
        case .reportPattern:
            "a relative path inside the deployed tree, of a file or directory, or a pattern of such (build/test-results/**/*.xml), or nothing"
        case .webAddress: "http://host[:port][/path], or nothing"
        case .clientSource: "a relative path inside the deployed tree (. for its top), or none to publish no client"
        case .treePath: "a relative path inside the deployed tree"
        case .duration: "a whole number with s, m, h or d behind it, at most 3650d"
        case .packageRegistry: "http://host[:port][/path] or https://…, or nothing"
        case .illness: Illness.allCases.map(\.rawValue).joined(separator: ", ")
        case .remote: "the path or URL of a git repository, or nothing"
        }
    }

    init(_ name: String, _ kind: Kind, default text: String?, note: String? = nil, _ meaning: String) {
        self.name = name
        self.kind = kind
        self.defaultText = text
        self.defaultNote = note
        self.meaning = meaning
    }
}

/// A variable's value in force, as text with everything expanded, and where it came from.
package struct Setting: Sendable, Hashable {
    package enum Origin: Sendable, Hashable {
        case flag, environment
        case file(String)
        case standard
    }

    package let variable: Variable
    /// Nil for none.
    package let value: String?
    package let origin: Origin
}
