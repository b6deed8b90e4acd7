/// Which commits deploy.
package struct CommitSettings: Hashable, Sendable {
    /// Whom the agent's commits are by.
    package var userName = "Agent"
    package var userEmail = "agent@localhost"
    /// nil: the branch that `pinfold init` cloned, else the one that `code-repo` is on at the daemon's first start.
    package var branch: String?
    /// Bytes of the largest file of a commit that is taken in.
    package var fileLimit = 256 << 20
    /// When a run is let finish though newer commits have come.
    package var letFinish = LetFinish()

    package init() {}
}

/// A newer commit calls off the run of an older one, until so many in a row have been called off over so long, or until the first of them is so
/// long ago.
package struct LetFinish: Hashable, Sendable {
    package var runs = 5
    package var milliseconds: Int64 = 10_000
    package var atLatest: Int64 = 600_000

    package init() {}
}
