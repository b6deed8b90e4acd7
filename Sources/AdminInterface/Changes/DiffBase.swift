/// What a deployment's change is looked at against.
package enum DiffBase: Hashable, Sendable, CustomStringConvertible {
    /// What was deployed when it was classified.
    case deployed
    /// What a human has agreed to last, before it came.
    case approved
    /// Another deployment's commit.
    case deployment(Int)

    /// `deployed`, `approved`, or a deployment's number.
    package init?(_ text: String) {
        switch text {
        case "deployed": self = .deployed
        case "approved": self = .approved
        default:
            guard let id = Int(text), id > 0, String(id) == text else { return nil }
            self = .deployment(id)
        }
    }

    package var description: String {
        switch self {
        case .deployed: "deployed"
        case .approved: "approved"
        case .deployment(let id): "\(id)"
        }
    }
}
