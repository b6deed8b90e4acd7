/// Why nothing was started: a sentence for a person.
package struct FenceError: Error, CustomStringConvertible, Sendable {
    package enum Kind: Sendable {
        /// Somebody asked for what cannot be (exit code 2).
        case configuration
        /// The fence could not be built, or a check of it failed (exit code 1).
        case refused
        /// The view does not answer (exit code 4).
        case unreachable
    }

    package let description: String
    package let kind: Kind

    package init(_ description: String, kind: Kind) {
        self.description = description
        self.kind = kind
    }
}
