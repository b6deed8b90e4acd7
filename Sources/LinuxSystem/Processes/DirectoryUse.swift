internal import CLinux
package import SystemPackage

/// Which of some directories living processes use: as working or root directory, as the place of their program, of mapped or of open files,
/// in whatever mount namespace.
///
/// What a process has is told by name and not by inode: trees that share files by hard links are told apart. Files in flight between
/// processes are not seen.
package struct DirectoryUse {
    private struct Sought {
        /// The filesystem, and the directory's path in it from its root.
        let device: String
        let inside: [UInt8]
        /// A working or root directory is known by it even where no mount shows its name.
        let identity: FileStatus.Identity
    }

    /// A name by which the directory at `index` is known in some mount namespace.
    private struct Prefix {
        let path: [UInt8]
        let index: Int
    }

    private let sought: [Sought]
    private let own: [Prefix]
    private var prefixes: [String: [Prefix]] = [:]
    private var users: [Int: Int32] = [:]

    /// By directory, one process that uses it or something in it; directories that nobody uses are left out.
    /// - Throws: where a living process cannot be looked into, so that no answer would be the truth.
    package static func users(of directories: [String]) throws(UnseenProcess) -> [String: Int32] {
        guard !directories.isEmpty else { return [:] }
        var use = try DirectoryUse(directories)
        for process in try allProcesses() where use.users.count < directories.count { try use.look(into: process) }
        return [String: Int32](uniqueKeysWithValues: use.users.map { (directories[$0.key], $0.value) })
    }

    private init(_ directories: [String]) throws(UnseenProcess) {
        do throws(Errno) {
            let table = try MountTable.read()
            var sought: [Sought] = []
            for directory in directories { sought.append(try Self.seek(directory, in: table)) }
            self.sought = sought
            own = Self.prefixes(of: sought, in: table)
        } catch {
            throw UnseenProcess(pid: getpid(), code: error)
        }
    }

    private static func allProcesses() throws(UnseenProcess) -> [ProcessEntry] {
        do {
            return try ProcessEntry.all()
        } catch {
            throw UnseenProcess(pid: getpid(), code: error)
        }
    }

    // Names.

    private static func seek(_ path: String, in table: MountTable) throws(Errno) -> Sought {
        let directory = try Descriptor.open(path, [.path, .directory])
        // Its name without symbolic links, as the mount table has names.
        let path = try directory.magicLinkText()
        let mount = table.entries.filter { Self.isAtOrBelow(path, Array($0.mountpoint.utf8)) }
            .max { $0.mountpoint.utf8.count < $1.mountpoint.utf8.count || $0.mountpoint == $1.mountpoint }
        guard let mount else { throw .noSuchFileOrDirectory }
        let rest = path.dropFirst(mount.mountpoint == "/" ? 0 : mount.mountpoint.utf8.count)
        let root = mount.root == "/" ? [] : Array(mount.root.utf8)
        return Sought(device: mount.device, inside: root + rest, identity: try directory.status().identity)
    }

    /// Every name that the directories have, or that something in them has, by the mounts of one namespace. What a later mount covers is among
    /// them: a directory that is taken for used by mistake is only kept.
    private static func prefixes(of sought: [Sought], in table: MountTable) -> [Prefix] {
        var result: [Prefix] = []
        for mount in table.entries {
            let root = mount.root == "/" ? [] : Array(mount.root.utf8)
            let mountpoint = mount.mountpoint == "/" ? [] : Array(mount.mountpoint.utf8)
            for (index, directory) in sought.enumerated() where directory.device == mount.device {
                if isAtOrBelow(directory.inside, root) {
                    result.append(Prefix(path: mountpoint + directory.inside.dropFirst(root.count), index: index))
                } else if isAtOrBelow(root, directory.inside) {
                    result.append(Prefix(path: mountpoint, index: index))
                }
            }
        }
        return result
    }

    private static func isAtOrBelow(_ path: some Collection<UInt8>, _ directory: [UInt8]) -> Bool {
        if directory == [0x2F] { return true }
        guard path.starts(with: directory) else { return false }
        guard let next = path.dropFirst(directory.count).first else { return true }
        // A name that was removed is shown with ` (deleted)` behind it.
        return next == 0x2F || next == 0x20
    }

    // Looking.

    private mutating func look(into process: ProcessEntry) throws(UnseenProcess) {
        do throws(Errno) {
            let threads = try process.threads()
            let (living, names) = try known(to: threads)
            // Each thread may have a working directory of its own.
            for thread in threads {
                for link in ["cwd", "root"] { try look("task/\(thread)/\(link)", of: process, names, byIdentity: true) }
            }
            try look("task/\(living.pid)/exe", of: process, names)
            for number in try living.descriptors() { try look("task/\(living.pid)/fd/\(number)", of: process, names) }
            for mapped in try living.mappedFiles() { note(mapped.path, of: process, names) }
        } catch {
            if ProcessEntry.isGone(error) || process.hasEnded { return }
            // The first process of a container may be one that its root must not look into: what it was started with is there to read.
            guard process.pid == 1, let words = try? process.arguments() else { throw UnseenProcess(pid: process.pid, code: error) }
            for word in words { note(word, of: process, own) }
        }
    }

    /// A thread that has not ended, and what is known to it. The first may have ended before the others: what a process has is shown by
    /// those then, and by its own number nothing.
    private mutating func known(to threads: [Int32]) throws(Errno) -> (ProcessEntry, [Prefix]) {
        for thread in threads.map(ProcessEntry.init) {
            do throws(Errno) {
                return (thread, try known(to: thread))
            } catch {
                guard ProcessEntry.isGone(error) else { throw error }
            }
        }
        throw .noSuchProcess
    }

    /// The names in the process's mount namespace, and in this one's: which of the two a link is shown by depends on where it leads.
    private mutating func known(to process: ProcessEntry) throws(Errno) -> [Prefix] {
        let namespace = String(decoding: try process.link("ns/mnt"), as: UTF8.self)
        if let known = prefixes[namespace] { return known }
        do throws(Errno) {
            let known = own + Self.prefixes(of: sought, in: try MountTable.read(process: process.pid))
            prefixes[namespace] = known
            return known
        } catch .invalidArgument {
            // It ends, and has left its namespace since: directories, files and memory were given back before that.
            throw .noSuchProcess
        }
    }

    private mutating func look(
        _ link: String, of process: ProcessEntry, _ names: [Prefix], byIdentity: Bool = false
    ) throws(Errno) {
        do throws(Errno) {
            note(try process.link(link), of: process, names)
            // Another filesystem is asked nothing: one that is dead or hangs would hold this up.
            guard byIdentity, let device = process.device(link), sought.contains(where: { $0.device == device }) else { return }
            let found = try process.open(link).status().identity
            for (index, directory) in sought.enumerated() where directory.identity == found { users[index] = process.pid }
        } catch {
            // Closed meanwhile, or a thread of the kernel, which has no program.
            guard ProcessEntry.isGone(error) else { throw error }
        }
    }

    private mutating func note(_ path: some Collection<UInt8>, of process: ProcessEntry, _ names: [Prefix]) {
        guard path.first == 0x2F else { return }
        for name in names where Self.isAtOrBelow(path, name.path) { users[name.index] = process.pid }
    }
}

/// A process that cannot be looked into, so that what it uses is not known.
package struct UnseenProcess: Error, Hashable, Sendable, CustomStringConvertible {
    package let pid: Int32
    package let code: Errno

    package var description: String { "cannot see what process \(pid) uses: \(code)" }
}
