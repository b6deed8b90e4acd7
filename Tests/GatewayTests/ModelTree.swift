import CLinux
import SystemPackage

/// A file system in memory, as simple as it can be said: what a zone must be indistinguishable from.
struct ModelTree {
    enum Content: Equatable {
        case file([UInt8])
        case directory([String: Int])
        case link(String)
    }

    struct Inode: Equatable {
        var content: Content
        var mode: UInt32
        var links: Int
        var attributes: [String: [UInt8]] = [:]
    }

    private(set) var inodes: [Int: Inode] = [0: Inode(content: .directory([:]), mode: 0o755, links: 1)]
    private var next = 1

    typealias Path = [String]

    // MARK: Looking

    /// The inode of a path whose directories are all real ones; nil if there is none, an error if a name on the way is no directory.
    func find(_ path: Path) throws(Errno) -> Int? {
        var current = 0
        for (index, name) in path.enumerated() {
            guard case .directory(let entries) = self[current].content else { throw .notDirectory }
            guard let child = entries[name] else {
                if index == path.count - 1 { return nil }
                throw .noSuchFileOrDirectory
            }
            current = child
        }
        return current
    }

    func existing(_ path: Path) throws(Errno) -> Int {
        guard let inode = try find(path) else { throw .noSuchFileOrDirectory }
        return inode
    }

    subscript(_ inode: Int) -> Inode {
        get { inodes[inode] ?? Inode(content: .directory([:]), mode: 0, links: 0) }
        set { inodes[inode] = newValue }
    }

    /// Whether a symbolic link stands where a directory would have to: the test leaves such paths alone.
    func goesThroughLink(_ path: Path) -> Bool {
        var current = 0
        for name in path.dropLast() {
            guard case .directory(let entries) = self[current].content, let child = entries[name] else { return false }
            if case .link = self[child].content { return true }
            current = child
        }
        return false
    }

    func entries(_ inode: Int) -> [String: Int]? {
        if case .directory(let entries) = self[inode].content { entries } else { nil }
    }

    func data(_ inode: Int) -> [UInt8]? {
        if case .file(let data) = self[inode].content { data } else { nil }
    }

    func isLink(_ inode: Int) -> Bool {
        if case .link = self[inode].content { true } else { false }
    }

    /// All paths with their inodes, the root's first.
    func all() -> [(path: Path, inode: Int)] {
        var result: [(path: Path, inode: Int)] = [([], 0)]
        var index = 0
        while index < result.count {
            let (path, inode) = result[index]
            for (name, child) in (entries(inode) ?? [:]).sorted(by: { $0.key < $1.key }) { result.append((path + [name], child)) }
            index += 1
        }
        return result
    }

    // MARK: Changing

    private mutating func setEntry(_ path: Path, _ inode: Int?) throws(Errno) {
        let parent = try existing(Array(path.dropLast()))
        guard var entries = entries(parent), let name = path.last else { throw .notDirectory }
        entries[name] = inode
        self[parent].content = .directory(entries)
    }

    /// Makes a new inode at a name that must be free.
    @discardableResult
    mutating func make(_ path: Path, _ content: Content, mode: UInt32) throws(Errno) -> Int {
        if try find(path) != nil { throw .fileExists }
        let inode = next
        next += 1
        inodes[inode] = Inode(content: content, mode: mode, links: 1)
        try setEntry(path, inode)
        return inode
    }

    mutating func unlink(_ path: Path) throws(Errno) {
        let inode = try existing(path)
        if entries(inode) != nil { throw .isDirectory }
        try setEntry(path, nil)
        drop(inode)
    }

    mutating func removeDirectory(_ path: Path) throws(Errno) {
        let inode = try existing(path)
        guard let entries = entries(inode) else { throw .notDirectory }
        guard entries.isEmpty else { throw .directoryNotEmpty }
        try setEntry(path, nil)
        inodes[inode] = nil
    }

    mutating func link(_ path: Path, _ new: Path) throws(Errno) {
        let inode = try existing(path)
        if try find(new) != nil { throw .fileExists }
        if entries(inode) != nil { throw .notPermitted }
        try setEntry(new, inode)
        self[inode].links += 1
    }

    enum RenameKind: UInt32 {
        case replace = 0
        case noReplace = 1
        case exchange = 2
    }

    /// - Throws: the first error found; `renameErrors` has all that may be answered.
    mutating func rename(_ path: Path, _ new: Path, _ kind: RenameKind) throws(Errno) {
        if let error = try renameErrors(path, new, kind).first { throw error }
        let inode = try existing(path)
        let replaced = try find(new)
        if inode == replaced { return }
        if kind == .exchange, let replaced {
            try setEntry(path, replaced)
            try setEntry(new, inode)
            return
        }
        if let replaced {
            try setEntry(new, nil)
            if entries(replaced) != nil { inodes[replaced] = nil } else { drop(replaced) }
        }
        try setEntry(path, nil)
        try setEntry(new, inode)
    }

    /// Where several things are wrong, kernels differ in what they see first.
    func renameErrors(_ path: Path, _ new: Path, _ kind: RenameKind) throws(Errno) -> [Errno] {
        let inode = try find(path)
        let replaced = try find(new)
        guard let inode else { return [.noSuchFileOrDirectory] }
        var errors: [Errno] = []
        if kind == .noReplace, replaced != nil { errors.append(.fileExists) }
        if kind == .exchange, replaced == nil { errors.append(.noSuchFileOrDirectory) }
        if new.count > path.count, new.starts(with: path) { errors.append(.invalidArgument) }
        if path.count > new.count, path.starts(with: new) {
            errors += kind == .exchange ? [.invalidArgument] : [.directoryNotEmpty]
        }
        if kind == .replace, let replaced, replaced != inode, errors.isEmpty {
            if entries(inode) != nil {
                if let entries = entries(replaced) {
                    if !entries.isEmpty { errors.append(.directoryNotEmpty) }
                } else {
                    errors.append(.notDirectory)
                }
            } else if entries(replaced) != nil {
                errors.append(.isDirectory)
            }
        }
        return errors
    }

    /// One name or open file less.
    private mutating func drop(_ inode: Int) {
        self[inode].links -= 1
    }

    mutating func write(_ inode: Int, at offset: Int, _ bytes: [UInt8]) {
        guard var data = data(inode) else { return }
        if data.count < offset + bytes.count { data += [UInt8](repeating: 0, count: offset + bytes.count - data.count) }
        data.replaceSubrange(offset..<(offset + bytes.count), with: bytes)
        self[inode].content = .file(data)
    }

    mutating func truncate(_ inode: Int, to size: Int) {
        guard var data = data(inode) else { return }
        if size < data.count { data.removeLast(data.count - size) } else { data += [UInt8](repeating: 0, count: size - data.count) }
        self[inode].content = .file(data)
    }
}
