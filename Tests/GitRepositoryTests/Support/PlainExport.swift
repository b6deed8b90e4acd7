import GitRepository

extension GitMirror {
    /// An export whose record nobody looks at.
    func export(_ commit: ObjectID, to directory: String, limits: IntakeLimits = IntakeLimits()) throws(GitError) -> Export {
        try export(commit, to: directory, limits: limits) { _ in [UInt8](repeating: 0, count: 32) }
    }
}
