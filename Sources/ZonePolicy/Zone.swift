/// Which of the planes a node is in; it is known once, at lookup, from the parent's.
package enum Zone: UInt8, Sendable, Hashable, CaseIterable {
    /// Not below the view's source.
    case outside
    /// Below the source and in no zone: read-only.
    case view
    /// `AGENT_CODE_REPO_PATH`: writable, floating protected names hold here.
    case codeRepo
    /// `AGENT_SANDBOX_PATH`: writable.
    case sandbox

    /// Whether the agent may write here at all.
    package var isWritable: Bool { self == .codeRepo || self == .sandbox }

    /// The word that people read.
    package var label: String {
        switch self {
        case .outside: "outside the view"
        case .view: "the read-only view"
        case .codeRepo: "code-repo"
        case .sandbox: "sandbox"
        }
    }
}

/// Who answers what the agent asks of a zone.
package enum ZoneAccess: String, Sendable, Hashable, CaseIterable {
    /// The kernel's own mount of it: as fast as the disk, with ownership as the guard.
    case direct
    /// The gateway: rules by name, a quota, the record of what was refused.
    case served
}

/// What kind of file a name leads to, as far as the rules tell kinds apart.
package enum NodeKind: UInt8, Sendable, Hashable, CaseIterable {
    case file, directory, symbolicLink, fifo, socket, device
}
