/// Where a node stands, in four bytes: its zone, and how far each pattern has matched on the way down to it.
///
/// A place is made from the parent's place and the name (`AccessPolicy.child`), so no path is ever rebuilt or compared. It has a meaning
/// only together with the policy that made it. Two places that are equal have the same rules for everything below them.
package struct Place: Sendable, Hashable {
    /// Bits 0–15: index of the pattern state; 16–17: the zone; 18: hidden; 19: protected; 20: passage.
    package let rawValue: UInt32

    package init(rawValue: UInt32) {
        self.rawValue = rawValue
    }

    init(state: Int, zone: Zone, hidden: Bool, protected: Bool, passage: Bool) {
        rawValue =
            UInt32(state) | UInt32(zone.rawValue) << 16 | (hidden ? 1 << 18 : 0) | (protected ? 1 << 19 : 0)
            | (passage ? 1 << 20 : 0)
    }

    var state: Int { Int(rawValue & 0xffff) }

    /// The same rules, without a word of the patterns that they come of: what is left of a place that another process's policy made.
    package var ofNoPolicy: Place { Place(rawValue: rawValue & ~0xffff) }

    /// What is hidden for another reason than its name.
    package static let hidden = Place(state: 0, zone: .outside, hidden: true, protected: true, passage: false)

    /// The zone of the node.
    package var zone: Zone { Zone(rawValue: UInt8(rawValue >> 16 & 3)) ?? .outside }

    /// The node, or a directory above it, is hidden: it does not exist for the agent.
    package var isHidden: Bool { rawValue & 1 << 18 != 0 }

    /// The node, or a directory above it inside the zone, is protected: it cannot be created, changed, removed, renamed or linked.
    package var isProtected: Bool { rawValue & 1 << 19 != 0 }

    /// The name is one that leads to protected names (as `.git` leads to `.git/hooks`) without being protected itself.
    package var isPassage: Bool { rawValue & 1 << 20 != 0 }

    /// The one of two places of the same inode (names of a hard link) whose rules are the stricter.
    package func stricter(than other: Place) -> Place {
        func weight(_ place: Place) -> Int {
            (place.isHidden ? 4 : 0) + (place.isProtected ? 2 : 0) + (place.zone.isWritable ? 0 : 1)
        }
        return weight(self) >= weight(other) ? self : other
    }
}
