internal import CLinux
internal import LinuxSystem
internal import SystemPackage

/// A file that one process at a time holds; the kernel lets go of it when that process ends, however it ends (`man 2 flock`).
package struct FileLock: ~Copyable, Sendable {
    private let descriptor: Descriptor

    /// nil where somebody else holds it.
    package init?(path: String) throws(FileError) {
        let file = try naming("open", path) { () throws(Errno) in
            try Descriptor.open(path, [.readWrite, .create, .noFollow], mode: 0o600)
        }
        let raw = file.rawValue
        do {
            _ = try check { flock(raw, LOCK_EX | LOCK_NB) }
        } catch {
            if error == .wouldBlock { return nil }
            throw FileError("lock", path, error)
        }
        let pid = Array("\(getpid())\n".utf8)
        _ = ftruncate(raw, 0)
        _ = unsafe pwrite(raw, pid, pid.count, 0)
        descriptor = file
    }
}
