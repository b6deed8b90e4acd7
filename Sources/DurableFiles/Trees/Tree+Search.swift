internal import CLinux
internal import LinuxSystem
internal import SystemPackage

/// A name in a tree that was looked for, and the state it was in.
package struct FoundFile: Hashable, Sendable {
    /// From the tree's root.
    package let path: [UInt8]
    package let kind: TreeEntry.Kind
    private let device: UInt64
    private let inode: UInt64
    private let size: Int64
    private let changed: [Int64]

    init(_ path: [UInt8], _ status: stat) {
        self.path = path
        switch status.kind {
        case S_IFREG: kind = .file
        case S_IFDIR: kind = .directory
        case S_IFLNK: kind = .link([])
        default: kind = .special
        }
        device = UInt64(status.st_dev)
        inode = UInt64(status.st_ino)
        size = Int64(status.st_size)
        // Not the time of modification, which everybody can set.
        changed = [Int64(status.st_ctim.tv_sec), Int64(status.st_ctim.tv_nsec)]
    }

    /// For people; not unique where names are not UTF-8.
    package var description: String { String(decoding: path, as: UTF8.self) }
}

/// There is more than somebody was ready to look at.
package struct TooManyFiles: Error {
    package let limit: Int
}

extension Tree {
    /// What is in a hostile tree, never through a symbolic link: everything but directories that `takes` says yes to. Nothing where `base` is not there.
    /// - Parameters:
    ///   - base: where to begin: names from the tree's root.
    ///   - limit: how many names are looked at, at most.
    ///   - enters: whether to look into a directory, by its names from the root.
    ///   - pause: called now and then.
    package static func search(
        _ root: String, from base: [[UInt8]], atMost limit: Int, enters: ([[UInt8]]) -> Bool, takes: ([[UInt8]]) -> Bool,
        pause: () throws -> Void
    ) throws -> [FoundFile] {
        let top = try Directories.open(root)
        var found: [FoundFile] = []
        var looked = 0
        func look(at path: [[UInt8]], named name: [CChar], in parent: borrowing Descriptor) throws {
            let status: stat
            do throws(Errno) {
                status = try Directories.status(name, in: parent)
            } catch {
                if PathInside.isNowhere(error) { return }
                throw FileError("look at", root + "/" + text(path), error)
            }
            guard status.kind == S_IFDIR else {
                if takes(path) { found.append(FoundFile(Array(path.joined(separator: [0x2F])), status)) }
                return
            }
            guard path.count <= depthLimit, enters(path) else { return }
            let directory = try naming("open", root + "/" + text(path)) { () throws(Errno) in try Directories.open(name, in: parent)
            }
            try list(path, directory)
        }
        func list(_ path: [[UInt8]], _ directory: borrowing Descriptor) throws {
            try pause()
            let names = try naming("list", root + "/" + text(path)) { () throws(Errno) in
                try Directories.names(in: directory, atMost: limit - looked + 1)
            }
            looked += names.count
            guard looked <= limit else { throw TooManyFiles(limit: limit) }
            for name in names {
                try look(at: path + [name.bytes.dropLast().map { UInt8(bitPattern: $0) }], named: name.bytes, in: directory)
            }
        }
        guard !base.isEmpty else {
            try list([], top)
            return found.sorted { $0.path.lexicographicallyPrecedes($1.path) }
        }
        let path = Array(base.joined(separator: [0x2F]))
        guard
            let parent = try naming(
                "look at", root + "/" + text(base), { () throws(Errno) in try PathInside.existingParent(of: path, in: top) })
        else { return [] }
        try look(at: base, named: PathInside.name(of: path), in: parent)
        return found.sorted { $0.path.lexicographicallyPrecedes($1.path) }
    }

    private static func text(_ path: [[UInt8]]) -> String { String(decoding: Array(path.joined(separator: [0x2F])), as: UTF8.self) }
}
