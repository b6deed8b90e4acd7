internal import CLinux
package import LinuxSystem
internal import SystemPackage

/// A name in a directory: bytes, as the kernel has them, with a NUL at the end.
package struct EntryName: Hashable, Sendable, CustomStringConvertible {
    package let bytes: [CChar]

    init(_ name: UnsafePointer<CChar>) {
        bytes = unsafe Array(UnsafeBufferPointer(start: name, count: strlen(name) + 1))
    }

    init(bytes: [CChar]) {
        self.bytes = bytes
    }

    package init(_ text: String) {
        bytes = Array(text.utf8CString)
    }

    package var description: String { String(decoding: bytes.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self) }
}

/// Directories by descriptor: nothing here follows a symbolic link, so that no name that changes under it leads anywhere else.
package enum Directories {
    /// A directory by path, from the root or the working directory; a symbolic link at its end is refused.
    package static func open(_ path: String) throws(FileError) -> Descriptor {
        try naming("open", path) { () throws(Errno) in
            try Descriptor.open(path, [.readOnly, .directory, .noFollow])
        }
    }

    static func open(_ name: [CChar], in directory: borrowing Descriptor) throws(Errno) -> Descriptor {
        let raw = directory.rawValue
        return Descriptor(
            owning: try check { unsafe pinfold_openat(raw, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW, 0) })
    }

    static func status(_ name: [CChar], in directory: borrowing Descriptor) throws(Errno) -> stat {
        var status = stat()
        let raw = directory.rawValue
        _ = try check { unsafe fstatat(raw, name, &status, pinfold_AT_SYMLINK_NOFOLLOW) }
        return status
    }

    /// All names but `.` and `..`, in the kernel's order.
    /// - Parameter most: where there are more, that many of them.
    static func names(in directory: borrowing Descriptor, atMost most: Int = .max) throws(Errno) -> [EntryName] {
        // A new open file description: a stream over a duplicate would share, and move, the position of the original.
        let raw = directory.rawValue
        let own = try check { unsafe pinfold_openat(raw, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0) }
        guard let stream = unsafe fdopendir(own) else {
            let code = Errno.current
            close(own)
            throw code
        }
        defer { unsafe closedir(stream) }
        var result: [EntryName] = []
        while result.count < most {
            pinfold_set_errno(0)
            guard let entry = unsafe readdir(stream) else {
                let code = pinfold_errno()
                guard code == 0 else { throw Errno(rawValue: code) }
                return result
            }
            let name = unsafe pinfold_dirent_name(entry)
            guard let name = unsafe name else { continue }
            if unsafe strcmp(name, ".") == 0 || strcmp(name, "..") == 0 { continue }
            unsafe result.append(EntryName(name))
        }
        return result
    }

    static func readLink(_ name: [CChar], in directory: borrowing Descriptor) throws(Errno) -> [CChar] {
        var buffer = [CChar](repeating: 0, count: 4097)
        let raw = directory.rawValue
        let count = try check { unsafe readlinkat(raw, name, &buffer, 4096) }
        return Array(buffer.prefix(count)) + [0]
    }
}

extension stat {
    /// The type bits of the mode.
    var kind: Int32 { Int32(st_mode) & S_IFMT }
}

extension Directories {
    /// The names in a directory as text, sorted; those that are not UTF-8 are repaired.
    package static func list(_ directory: borrowing Descriptor) throws(FileError) -> [String] {
        do {
            return try names(in: directory).map(\.description).sorted()
        } catch {
            throw FileError("list", "a directory", error)
        }
    }

    /// The same by path; nothing where it does not exist.
    package static func list(_ path: String) throws(FileError) -> [String] {
        guard try PathState(of: path) == .directory else { return [] }
        return try list(open(path))
    }
}
