/// The five modes that a tree that Pinfold takes in may hold.
package enum FileMode: UInt32, Hashable, Sendable {
    case regular = 0o100644
    case executable = 0o100755
    case symbolicLink = 0o120000
    case directory = 0o040000
    /// A submodule's commit: recorded, never fetched, exported as an empty directory.
    case submodule = 0o160000
}

/// A file of a commit's tree; directories are not listed.
package struct TreeFile: Hashable, Sendable {
    package let path: TreePath
    package let mode: FileMode
    package let id: ObjectID
}
