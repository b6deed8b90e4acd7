internal import CLinux
internal import LinuxSystem
internal import SystemPackage

/// Paths below a directory that never go through a symbolic link (`man 2 openat2`, RESOLVE_BENEATH and RESOLVE_NO_SYMLINKS).
enum PathInside {
    enum Kind: Hashable {
        case missing
        case directory
        case other
    }

    static func name(of path: [UInt8]) -> [CChar] {
        let name = path.lastIndex(of: 0x2F).map { path[($0 + 1)...] } ?? path[...]
        return name.map { CChar(bitPattern: $0) } + [0]
    }

    /// For people; not unique where names are not UTF-8.
    static func text(_ path: [UInt8]) -> String { String(decoding: path, as: UTF8.self) }

    /// Whether an error says that there is no such path without going through a symbolic link.
    static func isNowhere(_ code: Errno) -> Bool {
        code == .noSuchFileOrDirectory || code == .notDirectory || code == .tooManySymbolicLinkLevels
    }

    /// The directory that holds `path`.
    static func parent(of path: [UInt8], in root: borrowing Descriptor) throws(Errno) -> Descriptor {
        guard let slash = path.lastIndex(of: 0x2F) else { return try root.duplicate() }
        return try open(Array(path[..<slash]), in: root, flags: O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    }

    /// The same in a tree of somebody else's making; nil where there is none. For root, whom permissions do not stop: a link in a directory where everybody may
    /// write is refused as such (`fs.protected_symlinks`), before it is refused as a link.
    static func existingParent(of path: [UInt8], in root: borrowing Descriptor) throws(Errno) -> Descriptor? {
        do {
            return try parent(of: path, in: root)
        } catch {
            if isNowhere(error) || error == .permissionDenied { return nil }
            throw error
        }
    }

    static func open(_ path: [UInt8], in root: borrowing Descriptor, flags: Int32) throws(Errno) -> Descriptor {
        var how = open_how()
        how.flags = UInt64(UInt32(bitPattern: flags))
        how.resolve = pinfold_RESOLVE_INSIDE
        let bytes = path.map { CChar(bitPattern: $0) } + [0]
        let raw = root.rawValue
        return Descriptor(owning: try check { unsafe pinfold_openat2(raw, bytes, &how) })
    }

    static func kind(_ path: [UInt8], in root: borrowing Descriptor) throws(FileError) -> Kind {
        do {
            let parent = try parent(of: path, in: root)
            let status = try Directories.status(name(of: path), in: parent)
            return status.kind == S_IFDIR ? .directory : .other
        } catch {
            if isNowhere(error) { return .missing }
            throw FileError("look at", text(path), error)
        }
    }

    /// Whether the target has the entry already: same kind, permissions and contents.
    static func isSame(_ entry: TreeEntry, source: borrowing Descriptor, target: borrowing Descriptor) throws(FileError) -> Bool {
        do {
            let parent = try parent(of: entry.path, in: target)
            let status = try Directories.status(name(of: entry.path), in: parent)
            switch entry.kind {
            case .link(let text):
                guard status.kind == S_IFLNK else { return false }
                return try Directories.readLink(name(of: entry.path), in: parent).dropLast().elementsEqual(
                    text.map { CChar(bitPattern: $0) })
            case .file:
                guard status.kind == S_IFREG, status.st_mode & 0o7777 == entry.mode, Int64(status.st_size) == entry.size,
                    status.st_nlink == 1
                else { return false }
                let flags = O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK
                return try sameContents(
                    try open(entry.path, in: source, flags: flags), try open(entry.path, in: target, flags: flags))
            default: return false
            }
        } catch {
            if isNowhere(error) { return false }
            throw FileError("compare", entry.description, error)
        }
    }

    static func sameContents(_ a: borrowing Descriptor, _ b: borrowing Descriptor) throws(Errno) -> Bool {
        var one = [UInt8](repeating: 0, count: 1 << 16)
        var other = one
        let (aRaw, bRaw) = (a.rawValue, b.rawValue)
        while true {
            let count = try check { unsafe read(aRaw, &one, one.count) }
            let otherCount = try check { unsafe read(bRaw, &other, other.count) }
            guard count == otherCount, one[..<count] == other[..<count] else { return false }
            if count == 0 { return true }
        }
    }

    /// Writes a copy of a file or link of the source into the staging directory.
    static func stage(
        _ entry: TreeEntry, from source: borrowing Descriptor, to staging: borrowing Descriptor, as name: String
    ) throws(FileError) {
        let bytes = EntryName(name).bytes
        let raw = staging.rawValue
        if case .link(let text) = entry.kind {
            let destination = text.map { CChar(bitPattern: $0) } + [0]
            _ = try naming("stage", entry.description) { () throws(Errno) in try check { unsafe symlinkat(destination, raw, bytes) }
            }
            return
        }
        let from = try naming("read", entry.description) { () throws(Errno) in
            try open(entry.path, in: source, flags: O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
        }
        let made = try naming("stage", entry.description) { () throws(Errno) in
            Descriptor(owning: try check { unsafe pinfold_openat(raw, bytes, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600) })
        }
        try FileContents.copy(from, to: made, path: entry.description)
        let madeRaw = made.rawValue
        _ = try naming("set the mode of", entry.description) { () throws(Errno) in try check { fchmod(madeRaw, entry.mode & 0o777) }
        }
    }
}
