/// What the policy says about a path, for `pinfold why`.
package struct Explanation: Sendable, Hashable {
    package let zone: Zone
    package let place: Place
    package let decision: Decision
    /// How many names of the path the decision needed: fewer than there are if a directory above is what is hidden or protected.
    package let decidedAt: Int
}

extension AccessPolicy {
    /// Explains what may be done at a path, given by its names from `/` with symbolic links resolved.
    ///
    /// `.write` stands for every change: of content and attributes, and creating, removing, renaming or linking the name.
    package func explain(_ components: [[UInt8]], _ operation: NodeOperation) -> Explanation {
        var place = automaton.root
        var decidedAt = components.count
        for (index, name) in components.enumerated() {
            let wasDecided = place.isHidden || place.isProtected
            place = child(of: place, named: name.span)
            if !wasDecided, place.isHidden || place.isProtected { decidedAt = index + 1 }
        }
        return Explanation(zone: place.zone, place: place, decision: decide(operation, at: place), decidedAt: decidedAt)
    }
}

/// What the rules say about reading or writing a path, in words.
package struct Finding: Sendable, Hashable {
    package let isAllowed: Bool
    /// The rule's word, or `zone` or `view` where nothing stands against it.
    package let rule: String
    package let sentence: String
    /// What the system call answers; nil where it is allowed.
    package let errno: Int32?
    package let pattern: String?
}

extension Explanation {
    /// - Parameter operation: what was asked about: `.read`, or anything else for writing.
    package func finding(about operation: NodeOperation) -> Finding {
        switch decision {
        case .refused(let refusal), .allowedIf(_, else: let refusal): refusal.finding
        case .allowed:
            Finding(
                isAllowed: true, rule: zone.isWritable ? "zone" : "view",
                sentence: operation != .read
                    ? "\(zone.label) is writable"
                    : zone == .outside
                        ? "it is not below AGENT_VIEW_SOURCE; 'pinfold run' shows it read-only"
                        : "everything in \(zone.label) can be read",
                errno: nil, pattern: nil)
        }
    }
}

extension Refusal {
    package var finding: Finding {
        Finding(isAllowed: false, rule: rule.rawValue, sentence: sentence, errno: errno, pattern: pattern)
    }
}
