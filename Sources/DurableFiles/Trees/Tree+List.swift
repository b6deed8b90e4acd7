internal import CLinux
internal import LinuxSystem
internal import SystemPackage

/// Something in a tree, with its path from the tree's root: bytes without a NUL, names joined by `/`.
package struct TreeEntry: Hashable, Sendable {
    package enum Kind: Hashable, Sendable {
        case directory
        case file
        /// With what it holds.
        case link([UInt8])
        /// A socket, FIFO or device.
        case special
    }

    package let path: [UInt8]
    package let kind: Kind
    /// Permission bits, the set-id bits too.
    package let mode: UInt32
    package let size: Int64
    package let inode: UInt64
    /// Last time of modification, in nanoseconds since 1970.
    package let modified: Int64

    init(path: [UInt8], kind: Kind, _ status: stat) {
        self.path = path
        self.kind = kind
        mode = status.st_mode & 0o7777
        size = kind == .file ? Int64(status.st_size) : 0
        inode = UInt64(status.st_ino)
        modified = Int64(status.st_mtim.tv_sec) * 1_000_000_000 + Int64(status.st_mtim.tv_nsec)
    }

    /// For people; not unique where names are not UTF-8.
    package var description: String { String(decoding: path, as: UTF8.self) }
}

extension Tree {
    /// Calls `visit` for everything below `path`, directories before what is in them, names of one directory in byte order. For a file
    /// `visit` gets it open for reading too where `opening` says so.
    package static func visit(
        _ path: String, opening: (TreeEntry) -> Bool = { _ in false }, leaving: Leaving = Leaving(),
        _ visit: (TreeEntry, borrowing OpenedFile) throws(FileError) -> Void
    ) throws(FileError) {
        let top = try Directories.open(path)
        var status = stat()
        let raw = top.rawValue
        _ = try naming("look at", path) { () throws(Errno) in try check { unsafe fstat(raw, &status) } }
        try walk(top, at: [], root: path, opening: opening, leaving: leaving, device: UInt64(status.st_dev), depth: 0, visit)
    }

    /// Makes the names in `path` and in every directory below it durable, the innermost first.
    package static func syncDirectories(_ path: String) throws(FileError) {
        let root = try Directories.open(path)
        for entry in try entries(path).reversed() where entry.kind == .directory {
            try naming("sync", path + "/" + entry.description) { () throws(Errno) in
                let directory = try PathInside.open(entry.path, in: root, flags: O_RDONLY | O_DIRECTORY | O_CLOEXEC)
                let raw = directory.rawValue
                _ = try check { fsync(raw) }
            }
        }
        try DurableFile.syncDirectory(path)
    }

    /// Everything below `path`.
    package static func entries(_ path: String, leaving: Leaving = Leaving()) throws(FileError) -> [TreeEntry] {
        var result: [TreeEntry] = []
        try visit(path, leaving: leaving) { entry, _ throws(FileError) in result.append(entry) }
        return result
    }

    private static func walk(
        _ directory: borrowing Descriptor, at prefix: [UInt8], root: String, opening: (TreeEntry) -> Bool, leaving: Leaving,
        device: UInt64,
        depth: Int,
        _ visit: (TreeEntry, borrowing OpenedFile) throws(FileError) -> Void
    ) throws(FileError) {
        func name(_ path: [UInt8]) -> String { root + "/" + String(decoding: path, as: UTF8.self) }
        guard depth <= depthLimit else {
            throw FileError("list directories nested deeper than \(depthLimit) in", name(prefix), .fileNameTooLong)
        }
        let raw = directory.rawValue
        var names = try naming("list", name(prefix)) { () throws(Errno) in try Directories.names(in: directory) }
        names.sort { $0.bytes.lexicographicallyPrecedes($1.bytes) { UInt8(bitPattern: $0) < UInt8(bitPattern: $1) } }
        for entry in names {
            if depth == 0, let left = leaving.prefix, entry.description.hasPrefix(left) { continue }
            let path = (prefix.isEmpty ? [] : prefix + [0x2F]) + entry.bytes.dropLast().map { UInt8(bitPattern: $0) }
            if let kept = leaving.allBut, !kept.contains(path) { continue }
            let status: stat
            do {
                status = try Directories.status(entry.bytes, in: directory)
            } catch {
                if error == .noSuchFileOrDirectory { continue }
                throw FileError("look at", name(path), error)
            }
            switch status.kind {
            case S_IFDIR:
                if UInt64(status.st_dev) != device || leaving.directories.contains(FileIdentity(status)) { continue }
                try visit(TreeEntry(path: path, kind: .directory, status), OpenedFile(descriptor: nil))
                let child = try naming("open", name(path)) { () throws(Errno) in try Directories.open(entry.bytes, in: directory) }
                try walk(
                    child, at: path, root: root, opening: opening, leaving: leaving, device: device, depth: depth + 1, visit)
            case S_IFREG:
                let value = TreeEntry(path: path, kind: .file, status)
                guard opening(value) else {
                    try visit(value, OpenedFile(descriptor: nil))
                    continue
                }
                let file = try naming("open", name(path)) { () throws(Errno) in
                    Descriptor(
                        owning: try check {
                            unsafe pinfold_openat(raw, entry.bytes, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0)
                        })
                }
                try visit(value, OpenedFile(descriptor: file))
            case S_IFLNK:
                let text = try naming("read the link", name(path)) { () throws(Errno) in
                    try Directories.readLink(entry.bytes, in: directory)
                }
                let value = TreeEntry(path: path, kind: .link(text.dropLast().map { UInt8(bitPattern: $0) }), status)
                try visit(value, OpenedFile(descriptor: nil))
            default:
                try visit(TreeEntry(path: path, kind: .special, status), OpenedFile(descriptor: nil))
            }
        }
    }
}

/// A file of a tree for the length of one visit.
package struct OpenedFile: ~Copyable {
    let descriptor: Descriptor?

    init(descriptor: consuming Descriptor?) {
        self.descriptor = descriptor
    }

    /// Hands over the whole file in pieces; nothing where the entry is no file.
    package borrowing func read(path: [UInt8], _ body: (UnsafeRawBufferPointer) -> Void) throws(FileError) {
        guard descriptor != nil else { return }
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        let raw = rawValue
        while true {
            let count = try naming("read", String(decoding: path, as: UTF8.self)) { () throws(Errno) in
                try check { unsafe CLinux.read(raw, &buffer, buffer.count) }
            }
            if count == 0 { return }
            unsafe buffer.withUnsafeBytes { unsafe body(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
            // A short read of a regular file is its end.
            if count < buffer.count { return }
        }
    }

    private var rawValue: Int32 {
        switch descriptor {
        case .some(let file): file.rawValue
        case .none: -1
        }
    }
}
