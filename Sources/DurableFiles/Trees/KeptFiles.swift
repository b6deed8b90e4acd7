internal import CLinux
internal import LinuxSystem
internal import SystemPackage

/// Files of somebody else's copy of a tree that stay root's: the owner of the rest may read and run them, and make files beside them, but not write,
/// replace, rename or remove them, nor any directory that leads to them.
struct KeptFiles {
    /// Of the directories that lead there, up to the top, which are root's too: whoever comes may make what is not there, and take away what is their own.
    private static let directoryMode: mode_t = 0o1777

    /// From the tree's top, in order: those of one directory are together.
    private let paths: [[UInt8]]

    init(_ paths: [[UInt8]]) {
        self.paths = paths.sorted { $0.lexicographicallyPrecedes($1) }
    }

    var isEmpty: Bool { paths.isEmpty }

    /// Makes `layer`, an empty directory, a tree of them alone, by hard links: laid over the whole tree in an overlay it makes root's what is
    /// in it, at the price of a name for each. A path that is not there is passed over.
    /// - Throws: EOPNOTSUPP where one has a mode by which others may write it or may not read it, which a link cannot change.
    func link(from tree: String, into layer: String) throws(Errno) {
        let source = try Self.directory(tree)
        let top = try Self.directory(layer)
        try Self.keep(top)
        try eachDirectory { path, names throws(Errno) in
            guard let from = try Self.present({ () throws(Errno) in try Self.inside(path, of: source) }) else { return }
            let into = try Self.made(path, in: top)
            for name in names {
                guard let status = try Self.present({ () throws(Errno) in try Directories.status(name, in: from) }) else {
                    continue
                }
                switch status.kind {
                case S_IFDIR: _ = try Self.made(name, in: into)
                case S_IFREG where Self.keptMode(status.st_mode) != status.st_mode & 0o7777: throw .notSupported
                default:
                    let (fromRaw, intoRaw) = (from.rawValue, into.rawValue)
                    _ = try check { unsafe linkat(fromRaw, name, intoRaw, name, 0) }
                }
            }
        }
    }

    /// Makes them root's in `copy`, which nobody changes meanwhile. What is so already is left alone: in an overlay, a file that is given away is copied.
    func take(in copy: String) throws(Errno) {
        let top = try Self.directory(copy)
        try Self.keep(top)
        try eachDirectory { path, names throws(Errno) in
            guard let directory = try Self.present({ () throws(Errno) in try Self.kept(path, in: top) }) else { return }
            let raw = directory.rawValue
            for name in names {
                guard let status = try Self.present({ () throws(Errno) in try Directories.status(name, in: directory) }) else {
                    continue
                }
                if status.kind == S_IFDIR {
                    try Self.keep(Directories.open(name, in: directory))
                    continue
                }
                if status.st_uid != 0 || status.st_gid != 0 {
                    _ = try check { unsafe fchownat(raw, name, 0, 0, pinfold_AT_SYMLINK_NOFOLLOW) }
                }
                let mode = Self.keptMode(status.st_mode)
                if status.kind == S_IFREG, mode != status.st_mode & 0o7777 { _ = try check { unsafe fchmodat(raw, name, mode, 0) } }
            }
        }
    }

    /// Everybody reads it, whoever it may be run by was its owner, and nobody but root writes it.
    private static func keptMode(_ mode: mode_t) -> mode_t {
        mode & 0o755 | 0o444 | (mode & 0o111 != 0 ? 0o111 : 0)
    }

    private func eachDirectory(_ body: ([UInt8], [[CChar]]) throws(Errno) -> Void) throws(Errno) {
        var rest = paths[...]
        while let first = rest.first {
            let directory = Self.directory(of: first)
            let together = rest.prefix { Self.directory(of: $0) == directory }
            try body(directory, together.map(PathInside.name(of:)))
            rest = rest.dropFirst(together.count)
        }
    }

    private static func directory(of path: [UInt8]) -> [UInt8] {
        path.lastIndex(of: 0x2F).map { Array(path[..<$0]) } ?? []
    }

    private static func directory(_ path: String) throws(Errno) -> Descriptor {
        try Descriptor.open(path, [.readOnly, .directory, .noFollow])
    }

    private static func inside(_ path: [UInt8], of top: borrowing Descriptor) throws(Errno) -> Descriptor {
        path.isEmpty ? try top.duplicate() : try PathInside.open(path, in: top, flags: O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    }

    /// nil where there is no such path without going through a link.
    private static func present<Value: ~Copyable>(_ body: () throws(Errno) -> Value) throws(Errno) -> Value? {
        do {
            return try body()
        } catch {
            if PathInside.isNowhere(error) { return nil }
            throw error
        }
    }

    /// The directory at `path`, with all above it kept.
    private static func kept(_ path: [UInt8], in top: borrowing Descriptor) throws(Errno) -> Descriptor {
        var directory = try top.duplicate()
        for name in path.split(separator: 0x2F) {
            directory = try Directories.open(name.map { CChar(bitPattern: $0) } + [0], in: directory)
            try keep(directory)
        }
        return directory
    }

    /// The same where it has to be made.
    private static func made(_ path: [UInt8], in top: borrowing Descriptor) throws(Errno) -> Descriptor {
        var directory = try top.duplicate()
        for name in path.split(separator: 0x2F) { directory = try made(name.map { CChar(bitPattern: $0) } + [0], in: directory) }
        return directory
    }

    private static func made(_ name: [CChar], in parent: borrowing Descriptor) throws(Errno) -> Descriptor {
        let raw = parent.rawValue
        if unsafe mkdirat(raw, name, 0o700) != 0, Errno.current != .fileExists { throw Errno.current }
        let directory = try Directories.open(name, in: parent)
        try keep(directory)
        return directory
    }

    private static func keep(_ directory: borrowing Descriptor) throws(Errno) {
        var status = stat()
        let raw = directory.rawValue
        _ = try check { unsafe fstat(raw, &status) }
        if status.st_uid != 0 || status.st_gid != 0 { _ = try check { fchown(raw, 0, 0) } }
        if status.st_mode & 0o7777 != directoryMode { _ = try check { fchmod(raw, directoryMode) } }
    }
}
