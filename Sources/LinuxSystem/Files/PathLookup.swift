internal import CLinux
package import SystemPackage

// What is found of a path from where this process is. For set-up and for paths that the admin or the kernel made: between two looks somebody may
// change what is there.

extension FileKind {
    /// What is at `path`, a symbolic link itself; nil where nothing is, or nothing that this process may look at.
    package static func at(_ path: String) -> FileKind? {
        var status = stat()
        return unsafe lstat(path, &status) == 0 ? FileKind(mode: UInt32(status.st_mode)) : nil
    }
}

/// What the symbolic link at `path` says, one of `/proc` too (`man 2 readlink`).
package func linkText(at path: String) throws(Errno) -> [UInt8] {
    var text = [UInt8](repeating: 0, count: 4097)
    let count = try check {
        unsafe text.withUnsafeMutableBytes {
            unsafe readlink(path, $0.baseAddress.unsafelyUnwrapped.assumingMemoryBound(to: CChar.self), $0.count)
        }
    }
    guard count <= 4096 else { throw .fileNameTooLong }
    return Array(text.prefix(count))
}

/// The path without symbolic links, `.` and `..` (`man 3 realpath`); nil where it leads nowhere.
package func canonicalPath(_ path: String) -> String? {
    guard let resolved = unsafe realpath(path, nil) else { return nil }
    defer { unsafe free(resolved) }
    return unsafe String(cString: resolved)
}
