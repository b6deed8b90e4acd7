internal import CLinux
internal import SystemPackage

/// A process that runs code which lies in certain directories.
package struct RunningProcess: Hashable, Sendable, CustomStringConvertible {
    /// What of it lies there.
    package enum Use: String, Sendable {
        case workingDirectory = "working directory"
        case program = "program"
        case mappedFile = "mapped file"
        /// A file that the command line names: what an interpreter reads is neither its program nor mapped. A directory is none: whoever keeps a server
        /// running is told what it runs.
        case argument = "argument"
    }

    package let pid: Int32
    package let owner: ProcessOwner
    /// The first that was found.
    package let use: Use

    package var description: String { "process \(pid) (\(owner.command), by its \(use.rawValue))" }
}

extension RunningProcess {
    /// The processes of `isMeant` that run from one of the directories, this one and its callers excepted.
    ///
    /// Directories are told by what they are and not by their names, so that one which a process sees at another path, by a bind mount, a root
    /// directory of its own or a link, is found as well. No filesystem is looked at in which none of the directories lies, but on the way to a path of
    /// an argument.
    package static func running(from directories: [String], where isMeant: (ProcessOwner) -> Bool) -> [RunningProcess] {
        let search = ProcessSearch(directories)
        guard !search.places.isEmpty else { return [] }
        var excepted: Set<Int32> = []
        var caller = getpid()
        while caller > 0, excepted.insert(caller).inserted { caller = ProcessOwner(process: caller)?.parent ?? 0 }
        return processes().filter { !excepted.contains($0) }.compactMap { pid in
            guard let owner = ProcessOwner(process: pid), isMeant(owner), let use = search.use(of: pid) else { return nil }
            return RunningProcess(pid: pid, owner: owner, use: use)
        }
    }

    private static func processes() -> [Int32] {
        guard let directory = try? Descriptor.open("/proc", [.readOnly, .directory]) else { return [] }
        let reader = DirectoryReader()
        var found: [Int32] = []
        try? reader.read(directory, from: 0) { entry throws(Errno) in
            if let number = Int32(String(decoding: entry.name.array, as: UTF8.self)) { found.append(number) }
            return true
        }
        return found.sorted()
    }
}

/// Looks what of a process lies in or below some directories.
private struct ProcessSearch {
    struct Place: Hashable {
        let fileSystem: UInt64
        let inode: UInt64
    }

    let places: Set<Place>
    private let devices: Set<String>

    init(_ directories: [String]) {
        var places: Set<Place> = []
        var devices: Set<String> = []
        for path in directories {
            // A link is followed: what it leads to is what runs.
            guard let directory = try? Descriptor.open(path, [.path, .directory]), let status = try? directory.status(local: true)
            else {
                continue
            }
            places.insert(Place(fileSystem: status.fileSystem, inode: status.inode))
            devices.insert("\(pinfold_major(status.fileSystem)):\(pinfold_minor(status.fileSystem))")
        }
        self.places = places
        self.devices = devices
    }

    func use(of pid: Int32) -> RunningProcess.Use? {
        let process = "/proc/\(pid)"
        // The agent's own processes have a view as their root, which need not answer.
        guard (try? MountTable.read(process: pid))?.entry(at: "/")?.isPinfold != true else { return nil }
        if devices.contains(device(process + "/cwd")), let directory = try? Descriptor.open(process + "/cwd", [.path, .directory]),
            isBelow(directory)
        {
            return .workingDirectory
        }
        guard let root = try? Descriptor.open(process + "/root", [.path, .directory]) else { return nil }
        if devices.contains(device(process + "/exe")), let path = link(process + "/exe"), holds(path, root) { return .program }
        if mapped(process).contains(where: { holds($0, root) }) { return .mappedFile }
        let words = arguments(process)
        return words.contains { isFileBelow($0, root) } ? .argument : nil
    }

    /// `MAJOR:MINOR`, without asking the filesystem.
    private func device(_ path: String) -> String {
        var major: UInt32 = 0
        var minor: UInt32 = 0
        return unsafe pinfold_device_of(path, &major, &minor) == 0 ? "\(major):\(minor)" : ""
    }

    /// `man 5 proc_pid_maps`: address, permissions, offset, device in hexadecimal, inode, path.
    private func mapped(_ process: String) -> Set<String> {
        let text = String(decoding: (try? readWholeFile(process + "/maps")) ?? [], as: UTF8.self)
        var paths: Set<String> = []
        for line in text.split(separator: "\n") {
            let fields = line.split(separator: " ", maxSplits: 5)
            guard fields.count == 6 else { continue }
            let numbers = fields[3].split(separator: ":").compactMap { UInt32($0, radix: 16) }
            guard numbers.count == 2, devices.contains("\(numbers[0]):\(numbers[1])") else { continue }
            paths.insert(String(fields[5].drop { $0 == " " }).replacing("\\012", with: "\n"))
        }
        return paths
    }

    /// The words of the command line that may be paths, absolute as the process sees them: those of options (`--config=…`) too.
    private func arguments(_ process: String) -> [String] {
        let words = ((try? readWholeFile(process + "/cmdline")) ?? []).split(separator: 0).prefix(64)
        let directory = link(process + "/cwd") ?? "/"
        return words.compactMap { word in
            var text = String(decoding: word, as: UTF8.self)
            if text.hasPrefix("-"), let equals = text.firstIndex(of: "=") { text = String(text[text.index(after: equals)...]) }
            guard text.utf8.count < 4096, text.contains("/") else { return nil }
            return text.hasPrefix("/") ? text : directory + "/" + text
        }
    }

    private func link(_ path: String) -> String? {
        var text = [UInt8](repeating: 0, count: 4096)
        let count = unsafe text.withUnsafeMutableBytes {
            unsafe readlink(path, $0.baseAddress.unsafelyUnwrapped.assumingMemoryBound(to: CChar.self), $0.count)
        }
        return count > 0 ? String(decoding: text.prefix(count), as: UTF8.self) : nil
    }

    /// Whether a file that the kernel has named lies in one of the places; it may be gone by now, and its name then ends in ` (deleted)`.
    private func holds(_ path: String, _ root: borrowing Descriptor) -> Bool {
        var parent = path[...]
        while let slash = parent.lastIndex(of: "/") {
            parent = parent[..<slash]
            // A version that was removed meanwhile: what is left of the way to it says as much.
            if let directory = try? root.open(parent + "/", [.path, .directory], [.inRoot, .noMagicLinks]) {
                return isBelow(directory)
            }
        }
        return false
    }

    /// Whether a path of the process's leads to a file, by whatever links, that lies below one of the places.
    private func isFileBelow(_ path: String, _ root: borrowing Descriptor) -> Bool {
        guard let found = try? root.open(path, [.path], [.inRoot, .noMagicLinks]), let status = try? found.status(local: true),
            status.kind == .regular
        else { return false }
        return (try? found.magicLinkText()).map { holds(String(decoding: $0, as: UTF8.self), root) } ?? false
    }

    /// Upwards, as far as the directory's filesystem goes.
    private func isBelow(_ directory: borrowing Descriptor) -> Bool {
        guard var here = try? directory.duplicate() else { return false }
        var last: Place?
        while let status = try? here.status(local: true) {
            let place = Place(fileSystem: status.fileSystem, inode: status.inode)
            if places.contains(place) { return true }
            guard place != last, last == nil || last?.fileSystem == place.fileSystem,
                let above = try? here.open("..", [.path, .directory], [])
            else { return false }
            last = place
            here = above
        }
        return false
    }
}
