internal import CLinux

/// What lies at a path of the host, as far as a fence has to know.
package enum HostEntry: Hashable {
    case directory
    case symbolicLink(to: String)
    case other

    /// Nil where there is nothing.
    package static func of(_ path: String) -> HostEntry? {
        var status = stat()
        guard unsafe lstat(path, &status) == 0 else { return nil }
        switch Int32(status.st_mode) & S_IFMT {
        case S_IFDIR: return .directory
        case S_IFLNK: return OwnExecutables.link(path).map { .symbolicLink(to: $0) }
        default: return .other
        }
    }

    /// What `readdir` says of an entry where the file system tells it (`man 3 readdir`, DT_*).
    static func entryType(_ path: String) -> Int32 {
        var status = stat()
        // IFTODT
        return unsafe lstat(path, &status) == 0 ? Int32(status.st_mode) >> 12 & 15 : 0
    }

    static func isRegular(_ path: String) -> Bool {
        var status = stat()
        return unsafe lstat(path, &status) == 0 && Int32(status.st_mode) & S_IFMT == S_IFREG
    }

    /// The path without symbolic links, `.` and `..`; nil where there is nothing.
    package static func resolved(_ path: String) -> String? {
        guard let pointer = unsafe realpath(path, nil) else { return nil }
        defer { unsafe free(pointer) }
        return unsafe String(cString: pointer)
    }
}
