internal import CLinux
internal import LinuxSystem
internal import SystemPackage

/// What a path is, without following a symbolic link at its end.
package enum PathState: Hashable, Sendable {
    case missing
    case file
    case directory
    /// With what it holds.
    case link(String)
    case other

    package init(of path: String) throws(FileError) {
        var status = stat()
        do {
            _ = try check { unsafe lstat(path, &status) }
        } catch {
            if error == .noSuchFileOrDirectory {
                self = .missing
                return
            }
            throw FileError("look at", path, error)
        }
        switch status.kind {
        case S_IFREG: self = .file
        case S_IFDIR: self = .directory
        case S_IFLNK:
            let text = try naming("read the link", path) { () throws(Errno) in try linkText(at: path) }
            self = .link(String(decoding: text, as: UTF8.self))
        default: self = .other
        }
    }
}
