internal import CLinux
package import SystemPackage

/// A way to name a Unix socket that fits into a socket address, whose path holds 107 bytes at most (`man 7 unix`).
///
/// A longer path is reached through its open directory, as `/proc/self/fd/N/name`; the name then is good as long as this value lives.
package struct UnixSocketPath: ~Copyable, Sendable {
    /// What goes into the address.
    package let name: String
    private let directory: Descriptor?

    private init(name: String, directory: consuming Descriptor?) {
        self.name = name
        self.directory = directory
    }

    /// ENAMETOOLONG where even the last component does not fit; else what opening the directory says.
    /// - Parameter longest: how many bytes whoever makes the address of it takes.
    package static func reaching(_ path: String, longest: Int = 107) throws(Errno) -> UnixSocketPath {
        if path.utf8.count <= longest { return UnixSocketPath(name: path, directory: nil) }
        let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) ?? path.startIndex
        let parent = String(path[..<slash])
        let directory = try Descriptor.open(parent, [.path, .directory])
        let name = "/proc/self/fd/\(directory.rawValue)\(path[slash...])"
        guard name.utf8.count <= longest else { throw .fileNameTooLong }
        return UnixSocketPath(name: name, directory: directory)
    }
}
