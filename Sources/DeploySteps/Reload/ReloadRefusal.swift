internal import DeployModel

/// Why the running server did not take a version in, in a sentence. Everything is as it was.
struct ReloadRefusal: Error, CustomStringConvertible {
    let description: String
    /// Whether a process went away meanwhile: then the others may well agree once another has taken its place.
    let isLoss: Bool

    init(_ description: String, isLoss: Bool = false) {
        self.description = String(description.prefix(1000))
        self.isLoss = isLoss
    }
}
