/// Who asks, as the kernel says (SO_PEERCRED), and on which socket.
package struct Caller: Codable, Hashable, Sendable, CustomStringConvertible {
    package enum Role: String, Codable, Hashable, Sendable {
        case admin
        /// The review page, which speaks for nobody: what it hands on is signed.
        case review
        case agent
    }

    package var role: Role
    package var uid: UInt32
    package var name: String

    package init(role: Role, uid: UInt32, name: String) {
        self.role = role
        self.uid = uid
        self.name = name
    }

    package var description: String { "\(name) (uid \(uid))" }
}

/// Something that somebody did or tried, for the record: answers, refusals, holds.
package struct Event: Codable, Hashable, Sendable {
    package var at: Timestamp
    package var who: String
    package var what: String
    package var outcome: String

    package init(at: Timestamp, who: String, what: String, outcome: String) {
        self.at = at
        self.who = who
        self.what = what
        self.outcome = outcome
    }
}
