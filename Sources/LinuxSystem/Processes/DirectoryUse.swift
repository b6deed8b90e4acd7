internal import CLinux
package import SystemPackage

/// Which of some directories living processes use: as working or root directory, as the place of their program, of mapped or of open files,
/// in whatever mount namespace.
///
/// What a process has is told by name and not by inode: trees that share files by hard links are told apart. Files in flight between
/// processes are not seen.
package struct DirectoryUse {
    private struct Place {
        /// The filesystem, and the directory's path in it from its root.
        let device: String
        let inside: [UInt8]
        /// Device and inode of the directory: a working or root directory is known by them even where no mount shows its name.
        let identity: Identity
    }

    private struct Identity: Hashable {
        let device: UInt64
        let inode: UInt64
    }

    /// A name by which the directory at `index` is known in some mount namespace.
    private struct Prefix {
        let path: [UInt8]
        let index: Int
    }

    private let places: [Place]
    private let own: [Prefix]
    private var prefixes: [String: [Prefix]] = [:]
    private var users: [Int: Int32] = [:]

    /// By directory, one process that uses it or something in it; directories that nobody uses are left out.
    /// - Throws: where a living process cannot be looked into, so that no answer would be the truth.
    package static func users(of directories: [String]) throws(UnseenProcess) -> [String: Int32] {
        guard !directories.isEmpty else { return [:] }
        var use = try DirectoryUse(directories)
        for pid in try use.processes() where use.users.count < directories.count { try use.look(into: pid) }
        return [String: Int32](uniqueKeysWithValues: use.users.map { (directories[$0.key], $0.value) })
    }

    private init(_ directories: [String]) throws(UnseenProcess) {
        do throws(Errno) {
            let table = try MountTable.read()
            var places: [Place] = []
            for directory in directories { places.append(try Self.place(of: directory, in: table)) }
            self.places = places
            own = Self.prefixes(of: places, in: table)
        } catch {
            throw UnseenProcess(pid: getpid(), code: error)
        }
    }

    private func processes() throws(UnseenProcess) -> [Int32] {
        do {
            return try Self.names(in: "/proc").compactMap { Int32($0) }
        } catch {
            throw UnseenProcess(pid: getpid(), code: error)
        }
    }

    // Names.

    private static func place(of directory: String, in table: MountTable) throws(Errno) -> Place {
        let raw = Descriptor(
            owning: try check { unsafe pinfold_open(directory, pinfold_O_PATH | O_DIRECTORY | O_CLOEXEC, 0) })
        var status = stat()
        let number = raw.rawValue
        _ = try check { unsafe fstat(number, &status) }
        // Its name without symbolic links, as the mount table has names.
        let path = try link("/proc/self/fd/\(number)")
        let mount = table.entries.filter { Self.isAtOrBelow(path, Array($0.mountpoint.utf8)) }
            .max { $0.mountpoint.utf8.count < $1.mountpoint.utf8.count || $0.mountpoint == $1.mountpoint }
        let identity = Identity(device: UInt64(status.st_dev), inode: UInt64(status.st_ino))
        guard let mount else { throw .noSuchFileOrDirectory }
        let rest = path.dropFirst(mount.mountpoint == "/" ? 0 : mount.mountpoint.utf8.count)
        let root = mount.root == "/" ? [] : Array(mount.root.utf8)
        return Place(device: mount.device, inside: root + rest, identity: identity)
    }

    /// Every name that the places have, or that something in them has, by the mounts of one namespace. What a later mount covers is among
    /// them: a directory that is taken for used by mistake is only kept.
    private static func prefixes(of places: [Place], in table: MountTable) -> [Prefix] {
        var result: [Prefix] = []
        for mount in table.entries {
            let root = mount.root == "/" ? [] : Array(mount.root.utf8)
            let mountpoint = mount.mountpoint == "/" ? [] : Array(mount.mountpoint.utf8)
            for (index, place) in places.enumerated() where place.device == mount.device {
                if isAtOrBelow(place.inside, root) {
                    result.append(Prefix(path: mountpoint + place.inside.dropFirst(root.count), index: index))
                } else if isAtOrBelow(root, place.inside) {
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

    private mutating func look(into pid: Int32) throws(UnseenProcess) {
        let process = "/proc/\(pid)"
        do throws(Errno) {
            let names = try known(to: pid)
            // Each thread may have a working directory of its own, and the first may have ended before the others.
            for thread in try Self.names(in: process + "/task") {
                for link in ["cwd", "root"] { try look(process + "/task/\(thread)/" + link, of: pid, names, byIdentity: true) }
            }
            try look(process + "/exe", of: pid, names)
            for number in try Self.names(in: process + "/fd") { try look(process + "/fd/" + number, of: pid, names) }
            // `man 5 proc_pid_maps`: a path is the only thing in a line with a slash in it.
            for line in try readWholeFile(process + "/maps").split(separator: 0x0A) {
                if let slash = line.firstIndex(of: 0x2F) { note(line[slash...], of: pid, names) }
            }
        } catch {
            if Self.isGone(error) || Self.hasEnded(pid) { return }
            // The first process of a container may be one that its root must not look into: what it was started with is there to read.
            guard pid == 1, let words = try? readWholeFile(process + "/cmdline") else { throw UnseenProcess(pid: pid, code: error) }
            for word in words.split(separator: 0) { note(word, of: pid, own) }
        }
    }

    /// The names in the process's mount namespace, and in this one's: which of the two a link is shown by depends on where it leads.
    private mutating func known(to pid: Int32) throws(Errno) -> [Prefix] {
        let namespace = String(decoding: try Self.link("/proc/\(pid)/ns/mnt"), as: UTF8.self)
        if let known = prefixes[namespace] { return known }
        let known = own + Self.prefixes(of: places, in: try MountTable.read(process: pid))
        prefixes[namespace] = known
        return known
    }

    private mutating func look(_ link: String, of pid: Int32, _ names: [Prefix], byIdentity: Bool = false) throws(Errno) {
        do throws(Errno) {
            note(try Self.link(link), of: pid, names)
            // Another filesystem is asked nothing: one that is dead or hangs would hold this up.
            var (major, minor) = (UInt32(0), UInt32(0))
            guard byIdentity, unsafe pinfold_device_of(link, &major, &minor) == 0,
                places.contains(where: { $0.device == "\(major):\(minor)" })
            else { return }
            var status = stat()
            _ = try check { unsafe stat(link, &status) }
            let found = Identity(device: UInt64(status.st_dev), inode: UInt64(status.st_ino))
            for (index, place) in places.enumerated() where place.identity == found { users[index] = pid }
        } catch {
            // Closed meanwhile, or a thread of the kernel, which has no program.
            guard Self.isGone(error) else { throw error }
        }
    }

    private mutating func note(_ path: some Collection<UInt8>, of pid: Int32, _ names: [Prefix]) {
        guard path.first == 0x2F else { return }
        for name in names where Self.isAtOrBelow(path, name.path) { users[name.index] = pid }
    }

    private static func isGone(_ code: Errno) -> Bool { code == .noSuchFileOrDirectory || code == .noSuchProcess }

    /// Whether it is a zombie: `man 5 proc_pid_stat`, the letter behind the name in parentheses.
    private static func hasEnded(_ pid: Int32) -> Bool {
        guard let bytes = try? readWholeFile("/proc/\(pid)/stat"), let end = bytes.lastIndex(of: UInt8(ascii: ")")) else {
            return true
        }
        let state = bytes.dropFirst(end + 2).first
        return state == UInt8(ascii: "Z") || state == UInt8(ascii: "X")
    }

    private static func link(_ path: String) throws(Errno) -> [UInt8] {
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = try check {
            unsafe buffer.withUnsafeMutableBytes { unsafe readlink(path, $0.baseAddress.unsafelyUnwrapped, $0.count) }
        }
        return Array(buffer.prefix(count))
    }

    private static func names(in directory: String) throws(Errno) -> [String] {
        let number = try check { unsafe pinfold_open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0) }
        guard let stream = unsafe fdopendir(number) else {
            let code = Errno.current
            close(number)
            throw code
        }
        defer { unsafe closedir(stream) }
        var result: [String] = []
        while let entry = unsafe readdir(stream), let name = unsafe pinfold_dirent_name(entry) {
            let text = unsafe String(cString: name)
            if text != ".", text != ".." { result.append(text) }
        }
        return result
    }
}

/// A process that cannot be looked into, so that what it uses is not known.
package struct UnseenProcess: Error, Hashable, Sendable, CustomStringConvertible {
    package let pid: Int32
    package let code: Errno

    package var description: String { "cannot see what process \(pid) uses: \(code)" }
}
