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
