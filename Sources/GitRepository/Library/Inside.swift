internal import CLinux
internal import LinuxSystem
internal import SystemPackage

/// Descriptor-relative access below one directory: no symbolic link on the way, nothing above it, nothing that blocks.
enum Inside {
    /// Opens `path` below `directory`; ELOOP where a symbolic link is in the way, EXDEV where the path would leave.
    static func open(_ path: String, in directory: Int32, flags: Int32, mode: UInt32 = 0) throws(Errno) -> Descriptor {
        var how = open_how()
        how.flags = UInt64(UInt32(bitPattern: flags | O_CLOEXEC | O_NOCTTY | O_NONBLOCK))
        how.mode = UInt64(mode)
        how.resolve = pinfold_RESOLVE_INSIDE
        return Descriptor(owning: try check { unsafe pinfold_openat2(directory, path, &how) })
    }

    /// The bytes of the regular file `path`, nil where there is none.
    ///
    /// A FIFO opened this way neither blocks nor is read; another kind of file than a regular one is `hostile`.
    static func read(_ path: String, in directory: Int32, limit: Int) throws(GitError) -> [UInt8]? {
        let file: Descriptor
        do {
            file = try open(path, in: directory, flags: O_RDONLY)
        } catch .noSuchFileOrDirectory, .notDirectory {
            return nil
        } catch .tooManySymbolicLinkLevels, .improperLink, .noSuchAddressOrDevice {
            throw GitError(.hostile, "\(path) is not a plain file")
        } catch {
            throw GitError(.system, "cannot open \(path): \(error.description)")
        }
        let status = try status(of: file, named: path)
        guard status.st_mode & pinfold_S_IFMT == pinfold_S_IFREG else { throw GitError(.hostile, "\(path) is not a plain file") }
        guard status.st_size <= limit else { throw GitError(.tooLarge, "\(path) is larger than \(limit) bytes") }
        let raw = file.rawValue
        var bytes: [UInt8] = []
        while bytes.count <= limit {
            var part = [UInt8](repeating: 0, count: max(4096, Int(status.st_size) + 1 - bytes.count))
            let count = try attempt("cannot read \(path)") {
                unsafe part.withUnsafeMutableBytes { unsafe CLinux.read(raw, $0.baseAddress, $0.count) }
            }
            if count == 0 { return bytes }
            bytes += part[..<count]
        }
        throw GitError(.tooLarge, "\(path) is larger than \(limit) bytes")
    }

    static func status(of file: borrowing Descriptor, named name: String) throws(GitError) -> stat {
        var status = stat()
        let raw = file.rawValue
        try attempt("cannot look at \(name)") { unsafe fstat(raw, &status) }
        return status
    }

    /// The names in `directory` with their kinds (`DT_…`), without `.` and `..`.
    static func entries(of path: String, in directory: Int32, limit: Int) throws(GitError) -> [(name: String, kind: UInt8)]? {
        let opened: Descriptor
        do {
            opened = try open(path, in: directory, flags: O_RDONLY | O_DIRECTORY)
        } catch .noSuchFileOrDirectory {
            return nil
        } catch .notDirectory, .tooManySymbolicLinkLevels, .improperLink {
            throw GitError(.hostile, "\(path) is not a directory")
        } catch {
            throw GitError(.system, "cannot open \(path): \(error.description)")
        }
        let raw = opened.release()
        guard let stream = unsafe fdopendir(raw) else {
            close(raw)
            throw GitError(.system, "cannot list \(path)")
        }
        defer { unsafe closedir(stream) }
        var result: [(name: String, kind: UInt8)] = []
        while let entry = unsafe readdir(stream) {
            let name = unsafe String(cString: pinfold_dirent_name(entry))
            if name == "." || name == ".." { continue }
            result.append((name, unsafe entry.pointee.d_type))
            guard result.count <= limit else { throw GitError(.tooLarge, "\(path) holds more than \(limit) names") }
        }
        return result
    }
}

extension Inside {
    /// The bytes of the regular file `name` in the directory that `path` lies in, for files that the admin names.
    static func read(_ name: String, inFolderOf path: String, limit: Int) throws(GitError) -> [UInt8]? {
        let folder = path.hasPrefix("/") ? String(path.dropLast(name.utf8.count)) : "./" + String(path.dropLast(name.utf8.count))
        let directory = try openFile(folder, [.readOnly, .directory], or: "cannot open \(folder)")
        return try read(name, in: directory.rawValue, limit: limit)
    }
}
