/// What the policy answers.
package enum Decision: Sendable, Hashable {
    case allowed
    /// Allowed if the caller finds the condition true on the disk, with its own lock on the names held; else refused with what is given.
    case allowedIf(Condition, else: Refusal)
    case refused(Refusal)

    /// The refusal, if the answer is an outright no.
    package var refusal: Refusal? {
        if case .refused(let refusal) = self { refusal } else { nil }
    }
}

/// What a pure policy cannot know: it depends on what is on the disk.
package enum Condition: UInt8, Sendable, Hashable {
    /// A file is renamed over a protected one: allowed if both hold the same bytes, and then only the source's name is removed, the
    /// target is not touched (git rewrites `.git/config` whole, unchanged, in `git branch -m`).
    case sameContent
    /// A directory moves to where other rules hold for what is in it: allowed if `AccessPolicy.examine` finds nothing, for each directory
    /// that moves (both of them in an exchange).
    case holdsNothingProtected
}

/// Why something is not allowed.
package struct Refusal: Sendable, Hashable, Error {
    /// What the system call answers (`man 3 errno`).
    package let errno: Int32
    package let rule: Rule
    /// The pattern that decided, as the admin wrote it, where the rule has patterns.
    package let pattern: String?

    package init(errno: Int32, rule: Rule, pattern: String? = nil) {
        self.errno = errno
        self.rule = rule
        self.pattern = pattern
    }

    /// One sentence for people.
    package var sentence: String {
        guard let pattern else { return rule.sentence }
        return "\(rule.sentence) (pattern \(pattern))"
    }
}

/// The rules, each with a word that records and `pinfold why` use and a sentence.
package enum Rule: String, Sendable, Hashable, CaseIterable {
    case outside = "outside-the-view"
    case readOnlyView = "read-only-view"
    case hidden = "hidden"
    case protected = "protected-name"
    case holdsProtected = "holds-protected-name"
    case passage = "symlink-in-the-way"
    case device = "no-device-nodes"
    case acrossZones = "across-zones"
    case name = "not-a-name"

    package var sentence: String {
        switch self {
        case .outside: "the path is not below AGENT_VIEW_SOURCE: the agent sees it read-only or not at all"
        case .readOnlyView: "everything outside code-repo and sandbox is read-only"
        case .hidden: "AGENT_VIEW_HIDE hides the name: it does not exist for the agent, and cannot be made"
        case .protected: "AGENT_PROTECT keeps the name from being created, changed, removed, renamed or linked"
        case .holdsProtected: "the directory holds a name that AGENT_PROTECT or AGENT_VIEW_HIDE covers, so it cannot change its own"
        case .passage: "the name leads to names that AGENT_PROTECT covers: a symbolic link there would lead around the protection"
        case .device: "zones hold no device nodes"
        case .acrossZones: "a name cannot be moved or linked from one zone to another"
        case .name: "not a file name: empty, `.`, `..`, or with a slash or a zero byte"
        }
    }
}

/// The errno values that the policy gives (asm-generic/errno-base.h): the module imports nothing.
enum ErrorCode {
    static let notPermitted: Int32 = 1
    static let noEntry: Int32 = 2
    static let crossDevice: Int32 = 18
    static let invalid: Int32 = 22
    static let readOnly: Int32 = 30
}
