internal import CLinux
internal import LinuxSystem
internal import SystemPackage

extension Tree {
    /// How `copy` makes a file of the new tree.
    package enum CopyMethod: Hashable, Sendable {
        /// New inodes, that share nothing with the old ones but blocks where the file system can.
        case contents
        /// Hard links: for trees whose files are never written again, only replaced.
        case links
    }

    /// What a copy leaves out.
    package struct Leaving: Sendable {
        /// Directories by device and inode.
        var directories: Set<FileIdentity> = []
        /// Names at the top of the tree that begin with this.
        var prefix: String?
        /// Every path but these, which have the directories above them among them; nil: none.
        var allBut: Set<[UInt8]>?

        package init() {}

        package init(allBut: Set<[UInt8]>?) {
            self.allBut = allBut
        }

        /// Leaves out these directories where they lie in the tree; those that do not exist are passed over.
        package init(directories paths: [String], prefix: String? = nil) {
            self.prefix = prefix
            for path in paths {
                var status = stat()
                if unsafe stat(path, &status) == 0 { directories.insert(FileIdentity(status)) }
            }
        }
    }

    struct FileIdentity: Hashable, Sendable {
        let device: UInt64
        let inode: UInt64

        init(_ status: stat) {
            device = UInt64(status.st_dev)
            inode = UInt64(status.st_ino)
        }
    }

    /// Copies a directory tree to `destination`, which must not exist. Files, directories and symbolic links are copied with their
    /// permissions (never set-user-id and the like); sockets, FIFOs and devices are left out, and so is what is mounted inside.
    ///
    /// Not synced. A crash leaves a part of the copy.
    /// - Parameters:
    ///   - owner: who owns the copy; nil keeps the caller.
    ///   - isReadable: whether everybody can read it, and its owner write, whatever the source's modes are.
    package static func copy(
        _ source: String, to destination: String, by method: CopyMethod = .contents, owner: (uid: UInt32, gid: UInt32)? = nil,
        leaving: Leaving = Leaving(), isReadable: Bool = false
    ) throws(FileError) {
        let from = try Directories.open(source)
        let (directory, name) = DurableFile.split(destination)
        let parent = try Directories.open(directory)
        var status = stat()
        let raw = from.rawValue
        _ = try naming("look at", source) { () throws(Errno) in try check { unsafe fstat(raw, &status) } }
        var copier = TreeCopier(
            method: method, owner: owner, leaving: leaving, device: UInt64(status.st_dev), isReadable: isReadable)
        try copier.directory(from, status, as: EntryName(name), in: parent, path: destination, inside: [], depth: 0)
    }
}

/// One copy under way.
private struct TreeCopier {
    let method: Tree.CopyMethod
    let owner: (uid: UInt32, gid: UInt32)?
    let leaving: Tree.Leaving
    let device: UInt64
    let isReadable: Bool

    mutating func directory(
        _ source: borrowing Descriptor, _ status: stat, as name: EntryName, in parent: borrowing Descriptor, path: String,
        inside: [UInt8], depth: Int
    ) throws(FileError) {
        guard depth <= Tree.depthLimit else {
            throw FileError("copy directories nested deeper than \(Tree.depthLimit) to", path, .fileNameTooLong)
        }
        let parentRaw = parent.rawValue
        _ = try naming("make the directory", path) { () throws(Errno) in try check { unsafe mkdirat(parentRaw, name.bytes, 0o700) }
        }
        let made = try naming("open", path) { () throws(Errno) in try Directories.open(name.bytes, in: parent) }
        for entry in try naming("list", path, { () throws(Errno) in try Directories.names(in: source) }) {
            if depth == 0, let prefix = leaving.prefix, entry.description.hasPrefix(prefix) { continue }
            let below = (inside.isEmpty ? [] : inside + [0x2F]) + entry.bytes.dropLast().map { UInt8(bitPattern: $0) }
            if let kept = leaving.allBut, !kept.contains(below) { continue }
            let path = path + "/" + entry.description
            guard let status = try present(path, { () throws(Errno) in try Directories.status(entry.bytes, in: source) }) else {
                continue
            }
            switch status.kind {
            case S_IFDIR:
                if UInt64(status.st_dev) != device || leaving.directories.contains(Tree.FileIdentity(status)) { continue }
                guard let child = try opened(entry, in: source, path: path) else { continue }
                try self.directory(child, status, as: entry, in: made, path: path, inside: below, depth: depth + 1)
            case S_IFREG: try file(entry, status, from: source, to: made, path: path)
            case S_IFLNK: try link(entry, from: source, to: made, path: path)
            default: continue
            }
        }
        let raw = made.rawValue
        if let owner { _ = try naming("give away", path) { () throws(Errno) in try check { fchown(raw, owner.uid, owner.gid) } } }
        _ = try naming("set the mode of", path) { () throws(Errno) in
            try check { fchmod(raw, isReadable ? 0o755 : status.st_mode & 0o777) }
        }
    }

    private func file(
        _ name: EntryName, _ status: stat, from source: borrowing Descriptor, to parent: borrowing Descriptor, path: String
    ) throws(FileError) {
        let sourceRaw = source.rawValue
        let parentRaw = parent.rawValue
        if method == .links {
            _ = try naming("link", path) { () throws(Errno) in
                try check { unsafe linkat(sourceRaw, name.bytes, parentRaw, name.bytes, 0) }
            }
            return
        }
        let from = try naming("read", path) { () throws(Errno) in
            Descriptor(
                owning: try check {
                    unsafe pinfold_openat(sourceRaw, name.bytes, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0)
                })
        }
        let made = try naming("create", path) { () throws(Errno) in
            Descriptor(
                owning: try check { unsafe pinfold_openat(parentRaw, name.bytes, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600) })
        }
        try FileContents.copy(from, to: made, path: path)
        let raw = made.rawValue
        if let owner { _ = try naming("give away", path) { () throws(Errno) in try check { fchown(raw, owner.uid, owner.gid) } } }
        _ = try naming("set the mode of", path) { () throws(Errno) in
            try check { fchmod(raw, isReadable ? 0o644 : status.st_mode & 0o777) }
        }
    }

    private func link(
        _ name: EntryName, from source: borrowing Descriptor, to parent: borrowing Descriptor, path: String
    ) throws(FileError) {
        let parentRaw = parent.rawValue
        try naming("copy the link", path) { () throws(Errno) in
            let text = try Directories.readLink(name.bytes, in: source)
            _ = try check { unsafe symlinkat(text, parentRaw, name.bytes) }
            if let owner {
                _ = try check { unsafe fchownat(parentRaw, name.bytes, owner.uid, owner.gid, pinfold_AT_SYMLINK_NOFOLLOW) }
            }
        }
    }

    /// nil where it vanished meanwhile: the tree of a running server changes.
    private func present(_ path: String, _ body: () throws(Errno) -> stat) throws(FileError) -> stat? {
        do {
            return try body()
        } catch {
            if error == .noSuchFileOrDirectory { return nil }
            throw FileError("look at", path, error)
        }
    }

    private func opened(_ name: EntryName, in parent: borrowing Descriptor, path: String) throws(FileError) -> Descriptor? {
        do {
            return try Directories.open(name.bytes, in: parent)
        } catch {
            if error == .noSuchFileOrDirectory || error == .notDirectory { return nil }
            throw FileError("open", path, error)
        }
    }
}

/// Bytes of one file to another.
enum FileContents {
    /// Copies to the end, by reference to the same blocks where the file system can.
    static func copy(_ from: borrowing Descriptor, to: borrowing Descriptor, path: String) throws(FileError) {
        let source = from.rawValue
        let target = to.rawValue
        while true {
            let count: Int
            do {
                count = try check { pinfold_copy_file_range(source, target, 1 << 30) }
            } catch {
                if error == .improperLink || error == .invalidArgument || error == .noFunction || error == .notSupported {
                    return try copyThroughMemory(from, to: to, path: path)
                }
                throw FileError("copy", path, error)
            }
            if count == 0 { return }
        }
    }

    private static func copyThroughMemory(_ from: borrowing Descriptor, to: borrowing Descriptor, path: String) throws(FileError) {
        var chunk = [UInt8](repeating: 0, count: 1 << 17)
        while true {
            let source = from.rawValue
            let count = try naming("read", path) { () throws(Errno) in try check { unsafe read(source, &chunk, chunk.count) } }
            if count == 0 { return }
            try DurableFile.writeAll(Array(chunk[..<count]), to: to, path: path)
        }
    }
}
