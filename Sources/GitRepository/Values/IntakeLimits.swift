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
    /// Files and directories of the commit's tree.
    package var treeEntries = 500_000
    /// Directories inside one another.
    package var depth = 200
    /// Bytes of one tree or commit object.
    package var metadataBytes = 32 << 20

    package init() {}
}
