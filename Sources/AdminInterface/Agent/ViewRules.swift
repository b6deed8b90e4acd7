internal import DeployModel

/// What the gateway's rules say of paths: asked by `pinfold why` inside the view, where neither the admin's configuration nor the gateway can be reached.
package protocol ViewRules: Sendable {
    /// Answers by names alone, and never looks at the disk: what exists, and where links lead, whoever asks sees for themselves. So nobody learns here
    /// what the view hides from them.
    func explain(_ paths: [String]) throws(Problem) -> PathExplanations
    func workspace() throws(Problem) -> Workspace
}

/// Paths to be explained, absolute and with symbolic links followed.
package struct PathsRequest: Codable, Hashable, RequestContent {
    package enum CodingKeys: CodingKey, CaseIterable { case paths }

    package var paths: [String]

    /// More than a path has symbolic links (`man 7 path_resolution`).
    package static let most = 64

    package init(paths: [String]) {
        self.paths = paths
    }
}

/// What the rules say, a path each, in the order asked.
package struct PathExplanations: Codable, Hashable, Sendable {
    package var paths: [PathRules]
    /// Whether a view is served with these rules now; else they are those of the configuration.
    package var isServed: Bool

    package init(paths: [PathRules], isServed: Bool) {
        self.paths = paths
        self.isServed = isServed
    }
}

package struct PathRules: Codable, Hashable, Sendable {
    package var zone: String
    package var read: PathRule
    package var write: PathRule

    package init(zone: String, read: PathRule, write: PathRule) {
        self.zone = zone
        self.read = read
        self.write = write
    }
}

/// What decides about reading or writing.
package struct PathRule: Codable, Hashable, Sendable {
    package var allowed: Bool
    /// The rule's word, or `zone` or `view` where nothing stands against it.
    package var rule: String
    package var sentence: String
    /// What the system call answers; nil where it is allowed.
    package var errno: Int32?
    package var pattern: String?

    package init(allowed: Bool, rule: String, sentence: String, errno: Int32? = nil, pattern: String? = nil) {
        self.allowed = allowed
        self.rule = rule
        self.sentence = sentence
        self.errno = errno
        self.pattern = pattern
    }
}

/// Where the agent works, and by which rules.
package struct Workspace: Codable, Hashable, Sendable {
    package var codeRepo: String
    package var sandbox: String
    /// Where what is written is gone with the run.
    package var temporary: String
    /// The page for the agent.
    package var guide: String
    /// The branch that deploys; nil until the daemon has decided on one.
    package var branch: String?
    /// `host` or `none`.
    package var network: String
    /// What tests commits; nil where it is found by kind of project.
    package var testCommand: String?
    package var testTimeoutSeconds: Int
    /// The rules of the pipeline, in words.
    package var rules: [String]
    /// Names that nobody can touch in code-repo.
    package var protected: [String]

    package init(
        codeRepo: String, sandbox: String, temporary: String, guide: String, branch: String?, network: String, testCommand: String?,
        testTimeoutSeconds: Int, rules: [String], protected: [String]
    ) {
        self.codeRepo = codeRepo
        self.sandbox = sandbox
        self.temporary = temporary
        self.guide = guide
        self.branch = branch
        self.network = network
        self.testCommand = testCommand
        self.testTimeoutSeconds = testTimeoutSeconds
        self.rules = rules
        self.protected = protected
    }
}
