/// One finding of `pinfold doctor`: what was looked at, what is so, what that means, and what to do.
struct Check: Codable, Sendable {
    enum State: String, Codable, Sendable {
        case ok
        /// It works, with less: slower, or not everything.
        case limited
        /// Something that Pinfold needs is not there.
        case failed

        /// The word in front of the line, all of one width.
        var label: String {
            switch self {
            case .ok: "ok     "
            case .limited: "limited"
            case .failed: "FAILED "
            }
        }
    }

    let name: String
    let state: State
    /// What was found, and what it means.
    let finding: String
    /// What to do about it; nil where nothing is to be done.
    let advice: String?

    init(_ name: String, _ state: State, _ finding: String, advice: String? = nil) {
        self.name = name
        self.state = state
        self.finding = finding
        self.advice = advice
    }

    var lines: String {
        let head = "\(state.label)  \(name): \(finding)"
        guard let advice else { return head }
        return "\(head)\n         to do: \(advice)"
    }
}
