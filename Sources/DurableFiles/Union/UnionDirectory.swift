internal import CLinux
package import LinuxSystem
internal import SystemPackage

/// A directory in which the files of several versions lie side by side, each put there whole by one rename, and read by others all the time.
///
/// It may hold what nobody here put there; no path goes through a link. What is to be renamed waits in a directory inside it that only root
/// can look into, and there in one of each publisher's own: one that was called off may be at it still beside the next.
package struct UnionDirectory: ~Copyable {
    package static let stagingName = ".pinfold-staging"

    package let path: String
    private let root: Descriptor
    private let staging: Descriptor
    /// The name in the staging directory; nil where nothing is changed.
    private let publisher: String?

    /// Looks into one that is there, and changes nothing.
    package init(reading path: String) throws(FileError) {
        let root = try Directories.open(path)
        staging = try naming("open", path) { () throws(Errno) in try root.duplicate() }
        self.root = root
        self.path = path
        publisher = nil
    }

    /// Makes it where it is not there. What a crash of the same publisher left waiting in it goes.
    /// - Parameter publisher: a name without a slash that nobody else has at the same time.
    package init(_ path: String, for publisher: String) throws(FileError) {
        if try PathState(of: path) == .missing { try DurableFile.makeDirectory(path) }
        let root = try Directories.open(path)
        staging = try Self.stage(for: publisher, in: root, at: path)
        self.root = root
        self.path = path
        self.publisher = publisher
    }

    /// Makes the publisher's own staging directory, empty.
    private static func stage(
        for publisher: String, in root: borrowing Descriptor, at path: String
    ) throws(FileError) -> Descriptor {
        let (all, own, raw) = (EntryName(stagingName), EntryName(publisher), root.rawValue)
        return try naming("make the directory", path + "/" + stagingName + "/" + publisher) { () throws(Errno) in
            var tries = 0
            while true {
                do throws(Errno) {
                    do throws(Errno) {
                        _ = try check { unsafe mkdirat(raw, all.bytes, 0o700) }
                    } catch .fileExists {}
                    let holder = try Directories.open(all.bytes, in: root)
                    let status = try holder.status()
                    // What waits in somebody else's would be theirs to change.
                    guard status.owner == geteuid(), status.mode & 0o077 == 0 else { throw .notDirectory }
                    try Tree.remove(own, in: holder)
                    let number = holder.rawValue
                    _ = try check { unsafe mkdirat(number, own.bytes, 0o700) }
                    return try Directories.open(own.bytes, in: holder)
                } catch {
                    tries += 1
                    guard tries < 100 else { throw error }
                    switch error {
                    // Another publisher has come to its end, and taken the empty directory with it.
                    case .noSuchFileOrDirectory: continue
                    case .notDirectory, .tooManySymbolicLinkLevels: try Tree.remove(all, in: root)
                    default: throw error
                    }
                }
            }
        }
    }

    /// Removes whatever waits to be placed, whoever's it is. No publisher may be at it.
    package static func removeStaged(in path: String) throws(FileError) {
        guard try PathState(of: path) == .directory else { return }
        try Tree.remove(path + "/" + stagingName)
    }

    /// What has a path.
    package enum Presence: Hashable, Sendable {
        case missing
        /// A file of these very contents.
        case same
        case otherFile
        /// Something that is no file, or a file or a link where a directory would have to be.
        case obstacle
    }

    /// - Parameter source: a tree that has a file of that path.
    package borrowing func presence(of path: [UInt8], as source: borrowing Descriptor) throws(FileError) -> Presence {
        guard let status = try status(of: path) else { return .missing }
        guard status.kind == S_IFREG else { return .obstacle }
        do {
            let flags = O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK
            let theirs = try PathInside.open(path, in: source, flags: flags)
            var wanted = stat()
            let raw = theirs.rawValue
            _ = try check { unsafe fstat(raw, &wanted) }
            if wanted.st_dev == status.st_dev, wanted.st_ino == status.st_ino { return .same }
            guard wanted.st_size == status.st_size else { return .otherFile }
            return try PathInside.sameContents(theirs, PathInside.open(path, in: root, flags: flags)) ? .same : .otherFile
        } catch {
            throw FileError("compare", name(path), error)
        }
    }

    /// The same without contents to compare with: never `same`.
    package borrowing func presence(of path: [UInt8]) throws(FileError) -> Presence {
        guard let status = try status(of: path) else { return .missing }
        return status.kind == S_IFREG ? .otherFile : .obstacle
    }

    private borrowing func status(of path: [UInt8]) throws(FileError) -> stat? {
        do {
            let parent = try PathInside.parent(of: path, in: root)
            return try Directories.status(PathInside.name(of: path), in: parent)
        } catch {
            if error == .noSuchFileOrDirectory { return nil }
            // A file or a link on the way is in the way.
            if error == .notDirectory || error == .tooManySymbolicLinkLevels {
                var status = stat()
                status.st_mode = mode_t(S_IFLNK)
                return status
            }
            throw FileError("look at", name(path), error)
        }
    }

    /// Lays a file of `source` ready to be placed: the same file by another name where that is possible, else a copy; and makes the directories
    /// that its place needs. Everything that takes space happens here.
    ///
    /// - Parameter isNew: its time of modification becomes that of now, and at least a second later than that of what it replaces: servers
    ///   tell versions of a file from one another by that, and by the size.
    package borrowing func stage(_ path: [UInt8], from source: borrowing Descriptor, as number: Int, isNew: Bool) throws(FileError)
    {
        let staged = EntryName("\(number)").bytes
        try naming("lay ready", name(path)) { () throws(Errno) in
            try makeDirectories(above: path)
            let waiting = staging.rawValue
            do throws(Errno) {
                let parent = try PathInside.parent(of: path, in: source)
                let raw = parent.rawValue
                _ = try check { unsafe linkat(raw, PathInside.name(of: path), waiting, staged, 0) }
            } catch {
                // Another file system, or one with no such links, or too many of them.
                guard [.improperLink, .notPermitted, .tooManyLinks, .notSupported].contains(error) else { throw error }
                let from = try PathInside.open(path, in: source, flags: O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
                let made = Descriptor(
                    owning: try check { unsafe pinfold_openat(waiting, staged, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600) })
                do throws(FileError) {
                    try FileContents.copy(from, to: made, path: "")
                } catch {
                    throw error.code
                }
                let raw = made.rawValue
                _ = try check { fchmod(raw, 0o644) }
            }
        }
        guard isNew else { return }
        var time = timespec()
        unsafe clock_gettime(CLOCK_REALTIME, &time)
        if let old = try status(of: path), old.kind == S_IFREG { time.tv_sec = max(time.tv_sec, old.st_mtim.tv_sec + 1) }
        time.tv_nsec = 0
        let times = [time, time]
        let waiting = staging.rawValue
        _ = try naming("set the time of", name(path)) { () throws(Errno) in
            try check { unsafe utimensat(waiting, staged, times, pinfold_AT_SYMLINK_NOFOLLOW) }
        }
    }

    /// One rename: whoever opens the path meanwhile finds the old file, or none, or the new one, whole.
    package borrowing func put(_ path: [UInt8], staged number: Int) throws(FileError) {
        try naming("put", name(path)) { () throws(Errno) in
            let parent = try PathInside.parent(of: path, in: root)
            let (waiting, raw) = (staging.rawValue, parent.rawValue)
            _ = try check { unsafe renameat(waiting, EntryName("\(number)").bytes, raw, PathInside.name(of: path)) }
            // Where both are names of one file, the rename does nothing and leaves both.
            _ = unsafe unlinkat(waiting, EntryName("\(number)").bytes, 0)
        }
    }

    /// Removes a file, and directories above it that are empty then.
    package borrowing func remove(_ path: [UInt8]) throws(FileError) {
        do {
            let parent = try PathInside.parent(of: path, in: root)
            let raw = parent.rawValue
            _ = try check { unsafe unlinkat(raw, PathInside.name(of: path), 0) }
        } catch {
            if PathInside.isNowhere(error) { return }
            throw FileError("remove", name(path), error)
        }
        var rest = path[...]
        while let slash = rest.lastIndex(of: 0x2F) {
            rest = rest[..<slash]
            guard let parent = try? PathInside.parent(of: Array(rest), in: root),
                unsafe unlinkat(parent.rawValue, PathInside.name(of: Array(rest)), Int32(AT_REMOVEDIR)) == 0
            else { return }
        }
    }

    /// Makes everything that was placed or removed durable.
    package borrowing func sync() throws(FileError) {
        let raw = root.rawValue
        _ = try naming("sync", path) { () throws(Errno) in try check { pinfold_syncfs(raw) } }
    }

    /// Removes the directory where its files wait, and the one of all where that is empty then.
    package consuming func close() throws(FileError) {
        guard let publisher else { return }
        let raw = root.rawValue
        try naming("remove", path + "/" + Self.stagingName + "/" + publisher) { () throws(Errno) in
            do throws(Errno) {
                try Tree.remove(EntryName(publisher), in: Directories.open(EntryName(Self.stagingName).bytes, in: root))
            } catch .noSuchFileOrDirectory {}
        }
        _ = unsafe unlinkat(raw, EntryName(Self.stagingName).bytes, Int32(AT_REMOVEDIR))
    }

    private borrowing func makeDirectories(above path: [UInt8]) throws(Errno) {
        for slash in path.indices where path[slash] == 0x2F {
            let above = Array(path[..<slash])
            let parent = try PathInside.parent(of: above, in: root)
            let raw = parent.rawValue
            if unsafe mkdirat(raw, PathInside.name(of: above), 0o755) == -1 {
                let code = Errno.current
                guard code == .fileExists else { throw code }
                continue
            }
            // The mask of the process does not narrow it: others serve what is in it.
            _ = unsafe fchmodat(raw, PathInside.name(of: above), 0o755, 0)
        }
    }

    private borrowing func name(_ path: [UInt8]) -> String { self.path + "/" + PathInside.text(path) }
}
