/// How much of the agent's repository is taken in at once. Reaching one is an error that names it.
package struct IntakeLimits: Hashable, Sendable {
    /// New commits, trees and blobs.
    package var objects = 2_000_000
    /// Bytes of the pack as it is handed over.
    package var packBytes = 4 << 30
    /// Bytes of one file.
    package var blobBytes = 256 << 20
    /// Bytes of all files of the commit's tree together, as it is exported.
    package var treeBytes = 8 << 30
    /// Files and directories of the commit's tree, each as often as it is reached.
    package var treeEntries = 500_000
    /// Bytes of all their paths together.
    package var pathBytes = 128 << 20
    /// Directories inside one another.
    package var depth = 200
    /// How long symbolic links may lead through each other: bytes of names that are put together, and 64 for each step; some four million steps.
    package var linkWork = 1 << 28
    /// Bytes of one tree object.
    package var metadataBytes = 32 << 20
    /// Bytes of one commit object: its message, its parents, its signatures.
    package var commitBytes = 1 << 20

    package init() {}
}
