package import DeployModel
package import GitRepository

/// Looks through what a change brings outside the test surface, for what a human should see before it runs.
package struct HintSearch {
    private static let bytesInSum = 64 << 20
    private static let filesInSum = 20_000
    /// Up to this size a file's first bytes are looked at.
    private static let bytesOfData = 16 << 20

    private let mirror: GitMirror
    private let cancellation: Cancellation

    package init(mirror: GitMirror, cancellation: Cancellation) {
        self.mirror = mirror
        self.cancellation = cancellation
    }

    /// - Parameter isUntried: whether nobody tries that the tests notice a failure.
    /// - Returns: nil where there is nothing to say.
    package func hints(in changes: [Change], isUntried: Bool = false) throws -> HintList? {
        var hints: [Hint] = []
        var unread: [String] = []
        var bytes = 0
        var files = 0
        for change in changes {
            guard let id = change.newID, change.newMode == .regular || change.newMode == .executable else { continue }
            try cancellation.check()
            let size = try mirror.size(of: id)
            let oldSize = try change.oldID.map { try mirror.size(of: $0) } ?? 0
            bytes += size + oldSize
            files += 1
            guard size <= Self.bytesOfData, oldSize <= Self.bytesOfData, bytes <= Self.bytesInSum, files <= Self.filesInSum else {
                unread.append(change.path.description)
                continue
            }
            let content = try mirror.contents(of: id)
            let isNew = change.oldID == nil
            hints += HintScan.hints(path: change.path.bytes, isNew: isNew, content: content[...])
            guard HintScan.isCode(change.path.bytes, content: content[...]) else { continue }
            guard size <= HintScan.byteLimit else {
                unread.append(change.path.description)
                continue
            }
            // What was a link or a submodule has no lines that were there before.
            let wasFile = change.oldMode == .regular || change.oldMode == .executable
            let before = try wasFile ? change.oldID.map { try mirror.contents(of: $0) } ?? [] : []
            hints += HintScan.hints(path: change.path.bytes, old: before[...], new: content[...], isUntried: isUntried)
        }
        return hints.isEmpty && unread.isEmpty ? nil : HintList(hints, unread: unread)
    }
}
