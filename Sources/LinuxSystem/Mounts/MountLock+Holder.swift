internal import CLinux
package import SystemPackage

extension MountLock {
    /// The process that holds the lock at `path`, as the kernel names it; nil where the lock is free or was never made.
    ///
    /// The lock itself is not tried: having it for a moment would refuse a daemon that starts just now. The holder has written its number into
    /// the file, and its descriptors say whether that still holds (`man 5 proc_pid_fdinfo`). Only where they do not, the kernel's list of all
    /// locks is read: it holds up every lock of the machine until each processor has been seen at rest, some eight milliseconds.
    package static func holder(of path: String) throws(Errno) -> Int32? {
        let file: Descriptor
        do throws(Errno) {
            file = try Descriptor.open(path, [.readOnly, .noFollow])
        } catch {
            if error == .noSuchFileOrDirectory { return nil }
            throw error
        }
        let status = try file.status()
        if let pid = number(in: file), pid > 0, isHolder(pid, of: status) { return pid }
        // Twice: a lock that goes while a long list is read in pieces has the next one passed over.
        let list = try readWholeFile("/proc/locks") + readWholeFile("/proc/locks")
        return list.split(separator: UInt8(ascii: "\n")).lazy.compactMap { holder(of: status, in: $0) }.first
    }

    private static func isHolder(_ pid: Int32, of status: FileStatus) -> Bool {
        guard let stream = unsafe opendir("/proc/\(pid)/fdinfo") else { return false }
        defer { unsafe closedir(stream) }
        while let entry = unsafe readdir(stream) {
            let name = unsafe String(cString: pinfold_dirent_name(entry))
            guard let number = Int32(name), let lines = try? readWholeFile("/proc/\(pid)/fdinfo/\(number)") else { continue }
            for line in lines.split(separator: UInt8(ascii: "\n")) where line.starts(with: "lock:".utf8) {
                if holder(of: status, in: line.dropFirst("lock:".utf8.count)) == pid { return true }
            }
        }
        return false
    }

    /// The process in a line as `1: FLOCK  ADVISORY  WRITE 1234 08:01:5678 0 EOF`, where it is about the file with that status.
    /// See: man 5 proc_locks
    private static func holder(of status: FileStatus, in line: ArraySlice<UInt8>) -> Int32? {
        let fields = String(decoding: line, as: UTF8.self).split { $0 == " " || $0 == "\t" }
        guard fields.count > 5, fields[1] == "FLOCK", let pid = Int32(fields[4]) else { return nil }
        let file = fields[5].split(separator: ":")
        guard file.count == 3, let major = UInt32(file[0], radix: 16), let minor = UInt32(file[1], radix: 16),
            pinfold_makedev(major, minor) == status.fileSystem, UInt64(file[2]) == status.inode
        else { return nil }
        return pid
    }
}
