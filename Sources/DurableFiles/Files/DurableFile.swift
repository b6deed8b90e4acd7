internal import CLinux
internal import LinuxSystem
internal import SystemPackage

/// Whole files that survive a crash: after each call here either the old contents are there, or the new.
package enum DurableFile {
    /// Writes a file by rename of a synced temporary beside it, and syncs the directory.
    ///
    /// A crash leaves the old file, and perhaps a temporary `.<name>.new` that the next write replaces.
    package static func write(_ bytes: some Collection<UInt8>, to path: String, mode: UInt32 = 0o644) throws(FileError) {
        let (directory, name) = split(path)
        let temporary = directory + "/." + name + ".new"
        discard(temporary)
        let file = try naming("create", temporary) { () throws(Errno) in
            try Descriptor.open(temporary, [.writeOnly, .create, .exclusive, .noFollow], mode: mode)
        }
        do throws(FileError) {
            try writeAll(Array(bytes), to: file, path: temporary)
            let raw = file.rawValue
            // The mask of the process does not narrow what was asked for.
            _ = try naming("set the mode of", temporary) { () throws(Errno) in try check { fchmod(raw, mode) } }
            _ = try naming("sync", temporary) { () throws(Errno) in try check { fsync(raw) } }
            _ = try naming("rename", temporary) { () throws(Errno) in try check { unsafe rename(temporary, path) } }
        } catch {
            discard(temporary)
            throw error
        }
        try syncDirectory(directory)
    }

    /// The whole file; nil where it does not exist. At most `limit` bytes: a longer file is an error (EFBIG).
    package static func read(_ path: String, limit: Int = 64 << 20) throws(FileError) -> [UInt8]? {
        let file: Descriptor
        do {
            file = try Descriptor.open(path, [.readOnly, .noFollow, .nonBlocking])
        } catch {
            if error == .noSuchFileOrDirectory { return nil }
            throw FileError("open", path, error)
        }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while true {
            let raw = file.rawValue
            let count = try naming("read", path) { () throws(Errno) in try check { unsafe CLinux.read(raw, &chunk, chunk.count) } }
            if count == 0 { return bytes }
            bytes.append(contentsOf: chunk[..<count])
            if bytes.count > limit { throw FileError("read", path, .fileTooLarge) }
        }
    }

    /// Removes a file, if it is there, and syncs the directory.
    package static func remove(_ path: String) throws(FileError) {
        do {
            _ = try check { unsafe unlink(path) }
        } catch {
            if error == .noSuchFileOrDirectory { return }
            throw FileError("remove", path, error)
        }
        try syncDirectory(split(path).directory)
    }

    /// Makes a directory and those above it, synced; one that exists keeps its mode.
    package static func makeDirectory(_ path: String, mode: UInt32 = 0o755) throws(FileError) {
        do {
            _ = try check { unsafe mkdir(path, mode) }
        } catch {
            if error == .fileExists { return }
            guard error == .noSuchFileOrDirectory, split(path).directory != path else {
                throw FileError("make the directory", path, error)
            }
            try makeDirectory(split(path).directory, mode: 0o755)
            _ = try naming("make the directory", path) { () throws(Errno) in try check { unsafe mkdir(path, mode) } }
        }
        _ = unsafe chmod(path, mode)
        try syncDirectory(split(path).directory)
    }

    /// Takes from a directory whatever `mode` does not allow, sees to it that the caller's own rights are those of `mode`, and says whether anything
    /// had to be done. What is narrower already stays so; a link that leads to a directory of another disk is followed.
    package static func narrow(_ path: String, to mode: UInt32) throws(FileError) -> Bool {
        let directory = try naming("open", path) { () throws(Errno) in
            try Descriptor.open(path, [.readOnly, .directory])
        }
        let raw = directory.rawValue
        var status = stat()
        _ = try naming("look at", path) { () throws(Errno) in try check { unsafe fstat(raw, &status) } }
        let wanted = status.st_mode & (0o7000 | mode) | mode & 0o700
        guard wanted != status.st_mode & 0o7777 else { return false }
        _ = try naming("set the mode of", path) { () throws(Errno) in try check { fchmod(raw, wanted) } }
        return true
    }

    /// Makes `path` a symbolic link to `destination` by one rename: whoever resolves it meanwhile finds the old or the new.
    ///
    /// A crash leaves the old link, and perhaps a temporary `.<name>.new` that the next call replaces.
    package static func switchLink(_ path: String, to destination: String) throws(FileError) {
        let (directory, name) = split(path)
        let temporary = directory + "/." + name + ".new"
        discard(temporary)
        _ = try naming("make the link", temporary) { () throws(Errno) in try check { unsafe symlink(destination, temporary) } }
        _ = try naming("switch", path) { () throws(Errno) in try check { unsafe rename(temporary, path) } }
        try syncDirectory(directory)
    }

    /// Renames and syncs both directories; the new name must not exist (EEXIST).
    package static func move(_ from: String, to path: String) throws(FileError) {
        let here = pinfold_AT_FDCWD
        _ = try naming("rename \(from) to", path) { () throws(Errno) in
            try check { unsafe pinfold_renameat2(here, from, here, path, UInt32(pinfold_RENAME_NOREPLACE)) }
        }
        try syncDirectory(split(path).directory)
        if split(from).directory != split(path).directory { try syncDirectory(split(from).directory) }
    }

    /// Makes the names in a directory durable.
    package static func syncDirectory(_ path: String) throws(FileError) {
        let directory = try naming("open", path) { () throws(Errno) in
            try Descriptor.open(path, [.readOnly, .directory])
        }
        let raw = directory.rawValue
        _ = try naming("sync", path) { () throws(Errno) in try check { fsync(raw) } }
    }

    /// Makes everything on the file system of `path` durable: one call for thousands of files (`man 2 syncfs`).
    package static func syncFileSystem(of path: String) throws(FileError) {
        let directory = try naming("open", path) { () throws(Errno) in
            try Descriptor.open(path, [.readOnly, .directory])
        }
        let raw = directory.rawValue
        _ = try naming("sync", path) { () throws(Errno) in try check { pinfold_syncfs(raw) } }
    }

    /// Bytes that anybody but root may still use on the file system of `path`, and all that it has.
    package static func space(of path: String) -> (free: UInt64, total: UInt64)? {
        var status = statvfs()
        guard unsafe statvfs(path, &status) == 0 else { return nil }
        return (UInt64(status.f_bavail) * UInt64(status.f_frsize), UInt64(status.f_blocks) * UInt64(status.f_frsize))
    }

    /// Files that anybody but root may still make there, and how many there may be; nil where the file system has no such limit.
    package static func files(of path: String) -> (free: UInt64, total: UInt64)? {
        var status = statvfs()
        guard unsafe statvfs(path, &status) == 0, status.f_files > 0 else { return nil }
        return (UInt64(status.f_favail), UInt64(status.f_files))
    }

    static func split(_ path: String) -> (directory: String, name: String) {
        guard let slash = path.lastIndex(of: "/") else { return (".", path) }
        return (slash == path.startIndex ? "/" : String(path[..<slash]), String(path[path.index(after: slash)...]))
    }

    private static func discard(_ path: String) {
        _ = unsafe unlink(path)
    }

    static func writeAll(_ bytes: [UInt8], to file: borrowing Descriptor, path: String) throws(FileError) {
        var written = 0
        while written < bytes.count {
            let raw = file.rawValue
            let from = written
            written += try naming("write", path) { () throws(Errno) in
                try check {
                    unsafe bytes.withUnsafeBytes { unsafe CLinux.write(raw, $0.baseAddress?.advanced(by: from), $0.count - from) }
                }
            }
        }
    }
}
