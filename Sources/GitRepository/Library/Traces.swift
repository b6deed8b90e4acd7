internal import CLinux
internal import LinuxSystem
internal import SystemPackage

/// Tells what a process of Pinfold's that was killed has left in a repository of others from what the others are just making there.
///
/// libgit2 and git take a `NAME.lock` for that of somebody who is writing, and refuse until it is gone: for good, where who made it is dead.
/// Whose it is does not show. So what this process makes below the repository is made by a name of its own, in `pinfold-traces`, and then
/// gets the name that was asked for as its second one (`man 2 link`, which fails as O_EXCL does where that is taken). The process holds the
/// repository's directory for as long as it lives (`man 2 flock`), so who holds it next knows that each file in there is a dead one's, and
/// removes that file's other name, if that is still one of a lock or a temporary. Nobody else's is touched.
///
/// Where the file system knows no second names or locks, files are made as ever.
package enum Traces {
    static let name = "pinfold-traces"

    private final class Making {
        /// With a slash at its end.
        let root: String
        let directory: Descriptor
        var count = 0

        init(_ root: String, _ directory: consuming Descriptor) {
            self.root = root + "/"
            self.directory = directory
        }

        /// The next name of this process's own for a file of that path; nil for another's place.
        func next(for path: String) -> (directory: Int32, name: String)? {
            guard path.hasPrefix(root) else { return nil }
            count += 1
            return (directory.rawValue, String(count))
        }
    }

    private static let making = Lock<Making?>(nil)

    /// Does something that makes files in `repository`, which is somebody else's; what a process left there that was killed in the middle
    /// of one such call is removed before.
    /// - Parameter repository: the directory of `HEAD` and `refs`; nil where it is on another machine.
    static func keep<Result>(in repository: String?, _ body: () throws(GitError) -> Result) throws(GitError) -> Result {
        guard let repository, let root = realPath(repository), let hold = GitMirror.holdAlone(root) else { return try body() }
        defer { withExtendedLifetime(hold) {} }
        try clear(root)
        let place = root + "/" + name
        unsafe _ = mkdir(place, 0o700)
        if let directory = try? Descriptor.open(place, [.readOnly, .directory, .noFollow]) {
            let begun = Making(root, directory)
            making.withLock { $0 = begun }
        }
        defer {
            making.withLock { $0 = nil }
            // What came to its name has that alone now; what did not was removed by libgit2.
            try? GitMirror.removeTree(place)
        }
        return try body()
    }

    /// Removes what dead processes have left there, so that nobody has to wait for the next call of `keep`.
    package static func clearAway(in repository: String) throws(GitError) {
        guard unsafe access(repository + "/" + name, F_OK) == 0, let root = realPath(repository),
            let hold = GitMirror.holdAlone(root)
        else { return }
        defer { withExtendedLifetime(hold) {} }
        try clear(root)
    }

    /// The caller holds the repository.
    private static func clear(_ root: String) throws(GitError) {
        let place = root + "/" + name
        guard let names = try GitMirror.entries(in: place) else { return }
        var left: Set<File> = []
        for (name, _) in names {
            if let (file, links) = File.at(place + "/" + name), links > 1 { left.insert(file) }
        }
        if !left.isEmpty {
            // Of the objects' directories only that of packs.
            try GitMirror.sweep(root, leaving: { $0 == "/" + name || ($0.hasPrefix("/objects/") && $0 != "/objects/pack") }) {
                inside, name in
                guard GitMirror.isLeftover(name), let (file, _) = File.at(root + inside) else { return false }
                return left.contains(file)
            }
        }
        // Last: a crash before this line leaves the proof to the next one.
        try GitMirror.removeTree(place)
    }

    /// `man 2 open` for what is to be made anew below the repository; nil where the call has to be made as ever.
    package static func open(_ path: UnsafePointer<CChar>, _ flags: Int32, _ mode: UInt32) -> Int32? {
        guard flags & O_CREAT != 0, flags & O_EXCL != 0 else { return nil }
        // Single objects are many, stop nobody, and are git's to tidy.
        let asked = unsafe String(cString: path)
        guard asked.hasSuffix(".lock") || asked.contains("/pack_git2_") else { return nil }
        guard let own = making.withLock({ $0?.next(for: asked) }) else { return nil }
        let descriptor = unsafe pinfold_openat(own.directory, own.name, flags | O_NOFOLLOW, mode)
        guard descriptor >= 0 else { return nil }
        if unsafe linkat(own.directory, own.name, pinfold_AT_FDCWD, path, 0) == 0 { return descriptor }
        // The name is taken, or has no place: the call itself says which.
        close(descriptor)
        unsafe _ = unlinkat(own.directory, own.name, 0)
        return nil
    }

    private static func realPath(_ path: String) -> String? {
        guard let found = unsafe realpath(path, nil) else { return nil }
        defer { unsafe free(found) }
        return unsafe String(cString: found)
    }

    private struct File: Hashable {
        let device: UInt64
        let inode: UInt64

        static func at(_ path: String) -> (file: File, links: UInt64)? {
            var status = stat()
            guard unsafe lstat(path, &status) == 0 else { return nil }
            return (File(device: UInt64(status.st_dev), inode: UInt64(status.st_ino)), UInt64(status.st_nlink))
        }
    }
}
