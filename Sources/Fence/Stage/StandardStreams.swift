internal import CLinux
internal import LinuxSystem

/// The three descriptors that the command inherits.
enum StandardStreams {
    /// Refuses what would be a way around the mounts: a directory on standard input is the host's tree to `openat`, a block device its disk.
    static func check(also further: Range<Int32>) throws(FenceError) {
        for number in Array(0...2) + Array(further) {
            var status = stat()
            guard unsafe fstat(number, &status) == 0 else {
                throw FenceError("descriptor \(number) is closed", kind: .refused)
            }
            let kind = FileKind(mode: UInt32(status.st_mode))
            let flags = pinfold_fcntl(number, F_GETFL, 0)
            guard kind != .directory, kind != .blockDevice, flags & pinfold_O_PATH == 0 else {
                throw FenceError(
                    "descriptor \(number) is a directory or a block device of the host: redirect it from a file, a pipe or a terminal",
                    kind: .refused)
            }
        }
    }

    /// Those that are terminals, or files open for writing: opening them again by `/dev/stdout` gives nothing that is not there already.
    static var writable: [Int32] {
        (Int32(0)...2).filter { number in
            if isatty(number) == 1 { return true }
            return pinfold_fcntl(number, F_GETFL, 0) & O_ACCMODE != O_RDONLY
        }
    }
}
