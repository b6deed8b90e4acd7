/// A difference between two trees. A rename is a deletion and an addition.
package struct Change: Hashable, Sendable {
    package enum Status: String, Hashable, Sendable {
        case added, deleted, modified
        /// The kind of entry changed: a file became a symbolic link, a submodule a file, and so on.
        case typeChanged
        /// Only the mode: same content.
        case modeChanged
    }

    package let status: Status
    package let path: TreePath
    /// Nil where it was added.
    package let oldMode: FileMode?
    /// Nil where it was deleted.
    package let newMode: FileMode?
    package let oldID: ObjectID?
    package let newID: ObjectID?
}
