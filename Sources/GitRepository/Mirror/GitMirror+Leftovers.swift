internal import CLinux
internal import LinuxSystem
internal import SystemPackage

/// What a process leaves in the mirror that is killed in the middle: locks, temporaries, half of a pack. libgit2 takes a `NAME.lock` for that of
/// somebody who is writing, and refuses until it is gone: for good, where nobody removes it.
///
/// Two processes write there: the one daemon, which holds the lock of the deployments, and the push that it starts, which holds the mirror's
/// directory (`man 2 flock`) for as long as it lives and dies with the daemon. So who has that alone knows that nobody writes.
extension GitMirror {
    /// Holds the mirror against being cleared for as long as it lives.
    struct Hold: ~Copyable, Sendable {
        private let directory: Descriptor

        /// - Parameter operation: `LOCK_SH` for who writes beside the daemon, `LOCK_EX` for the daemon alone.
        fileprivate init(_ path: String, _ operation: Int32) throws(GitError) {
            let directory = try openFile(path, [.readOnly, .directory, .noFollow], or: "cannot open \(path)")
            let raw = directory.rawValue
            // A push of a daemon that was killed is being killed too.
            let deadline = ContinuousClock.now + .seconds(5)
            while true {
                do throws(Errno) {
                    _ = try check { flock(raw, operation | LOCK_NB) }
                    break
                } catch {
                    guard error == .wouldBlock else { throw GitError(.system, "cannot lock \(path): \(error.description)") }
                }
                guard ContinuousClock.now < deadline else {
                    throw GitError(.notReady, "another process of Pinfold is at work in \(path)")
                }
                SystemThread.sleep(milliseconds: 5)
            }
            self.directory = directory
        }
    }

    /// Of a repository that is not the daemon's own: nil where it cannot be had.
    static func holdAlone(_ path: String) -> Hold? { try? Hold(path, LOCK_EX) }

    static func holdForWriting(_ path: String) throws(GitError) -> Hold { try Hold(path, LOCK_SH) }

    /// Removes it. The caller holds the lock of the deployments, and none of its own threads is at work in the mirror.
    ///
    /// A crash in here leaves some of it, for the next start.
    static func clearLeftovers(_ path: String) throws(GitError) {
        let hold = try Hold(path, LOCK_EX)
        defer { withExtendedLifetime(hold) {} }
        for name in try names(in: path) where name.hasPrefix(incomingPrefix) { try removeTree(path + "/" + name) }
        try clear(path)
        try clearPacks(path + "/objects/pack")
    }

    /// Removes the locks of a push that was killed and has been waited for, so that the next one need not wait for the daemon's next start. A
    /// take-in may go on meanwhile.
    package func clearAfterPush() throws(GitError) {
        try opened.withLock { _ throws(GitError) in
            let hold = try Hold(path, LOCK_EX)
            defer { withExtendedLifetime(hold) {} }
            try Self.clear(path) { $0 == "/objects" || $0.hasPrefix("/" + Self.incomingPrefix) }
        }
    }

    /// Locks and temporaries of libgit2 and of git, whatever they are of: HEAD, configuration, index, packed references, single references, packs.
    private static func clear(_ root: String, leaving: (String) -> Bool = { _ in false }) throws(GitError) {
        try sweep(root, leaving: leaving) { inside, name in
            isLeftover(name) || (inside.hasPrefix("/refs/pinfold/") && !isReference(root + inside))
        }
    }

    /// Removes the files below `root` that `removing` answers true for, which gets the path below `root` and its last name. Directories
    /// that `leaving` answers true for are not looked into.
    static func sweep(
        _ root: String, below path: String = "", depth: Int = 0, leaving: (String) -> Bool, removing: (String, String) -> Bool
    ) throws(GitError) {
        guard depth < 20, let entries = try entries(in: root + path) else { return }
        for (name, kind) in entries {
            let inside = "\(path)/\(name)"
            if isDirectory(root + inside, kind) {
                if !leaving(inside) { try sweep(root, below: inside, depth: depth + 1, leaving: leaving, removing: removing) }
            } else if removing(inside, name) {
                try remove(root + inside)
            }
        }
    }

    static func isLeftover(_ name: String) -> Bool {
        // `pack_git2_x1Y2z3`, `tmp_object_git2_…`; git's own are `tmp_pack_…` and `tmp_idx_…`.
        name.hasSuffix(".lock") || name.contains("_git2_") || name.hasPrefix("tmp_")
    }

    /// A reference that the power going out has emptied names nothing, and stops every reader: what it named is named anew.
    private static func isReference(_ path: String) -> Bool {
        guard let file = try? Descriptor.open(path, OpenFlags(rawValue: O_RDONLY | O_NOFOLLOW | O_NONBLOCK)) else { return false }
        var text = [UInt8](repeating: 0, count: 64)
        let raw = file.rawValue
        let count = unsafe read(raw, &text, text.count)
        guard count >= 40 else { return false }
        return ObjectID(String(decoding: text[..<40], as: UTF8.self)) != nil
    }

    /// One half of a pack: the index goes last when one is added and first when one is removed, so nothing is in it that is needed.
    private static func clearPacks(_ directory: String) throws(GitError) {
        let names = Set(try entries(in: directory)?.map(\.name) ?? [])
        for name in names {
            if name.hasSuffix(".pack"), !names.contains(name.dropLast(5) + ".idx") { try remove(directory + "/" + name) }
            if name.hasSuffix(".idx"), !names.contains(name.dropLast(4) + ".pack") { try remove(directory + "/" + name) }
        }
    }

    /// A directory of the mirror with all that is in it.
    static func removeTree(_ directory: String) throws(GitError) {
        for (name, kind) in try entries(in: directory) ?? [] {
            if isDirectory(directory + "/" + name, kind) {
                try removeTree(directory + "/" + name)
            } else {
                try remove(directory + "/" + name)
            }
        }
        try attempt("cannot remove \(directory)") { unsafe rmdir(directory) }
    }

    /// Where the file system does not say the kind with the name, it is looked at.
    private static func isDirectory(_ path: String, _ kind: UInt8) -> Bool {
        guard kind == pinfold_DT_UNKNOWN else { return kind == pinfold_DT_DIR }
        var status = stat()
        return unsafe lstat(path, &status) == 0 && status.st_mode & pinfold_S_IFMT == pinfold_S_IFDIR
    }

    private static func remove(_ path: String) throws(GitError) {
        try attempt("cannot remove \(path)") { unsafe unlink(path) }
    }

    static func entries(in directory: String) throws(GitError) -> [(name: String, kind: UInt8)]? {
        let opened: Descriptor
        do {
            opened = try Descriptor.open(directory, [.readOnly, .directory, .noFollow])
        } catch {
            if error == .noSuchFileOrDirectory { return nil }
            throw GitError(.system, "cannot open \(directory): \(error.description)")
        }
        return try Inside.entries(of: ".", in: opened.rawValue, limit: 4_000_000)
    }
}
