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
        guard !search.directories.isEmpty, let processes = try? ProcessEntry.all() else { return [] }
        var excepted: Set<Int32> = []
        var caller = getpid()
        while caller > 0, excepted.insert(caller).inserted { caller = ProcessOwner(process: caller)?.parent ?? 0 }
        return processes.filter { !excepted.contains($0.pid) }.compactMap { process in
            guard let owner = ProcessOwner(process: process.pid), isMeant(owner), let use = search.use(of: process) else {
                return nil
            }
            return RunningProcess(pid: process.pid, owner: owner, use: use)
        }
    }
}

/// Looks what of a process lies in or below some directories.
private struct ProcessSearch {
    let directories: Set<FileStatus.Identity>
    private let devices: Set<String>

    init(_ paths: [String]) {
        var directories: Set<FileStatus.Identity> = []
        var devices: Set<String> = []
        for path in paths {
            // A link is followed: what it leads to is what runs.
            guard let directory = try? Descriptor.open(path, [.path, .directory]), let status = try? directory.status(local: true)
            else {
                continue
            }
            directories.insert(status.identity)
            devices.insert("\(pinfold_major(status.fileSystem)):\(pinfold_minor(status.fileSystem))")
        }
        self.directories = directories
        self.devices = devices
    }

    func use(of process: ProcessEntry) -> RunningProcess.Use? {
        // The agent's own processes have a view as their root, which need not answer.
        guard (try? MountTable.read(process: process.pid))?.entry(at: "/")?.isPinfold != true else { return nil }
        if isOn("cwd", of: process), let directory = try? process.open("cwd", .directory), isBelow(directory) {
            return .workingDirectory
        }
        guard let root = try? process.open("root", .directory) else { return nil }
        if isOn("exe", of: process), let path = try? process.link("exe"), holds(String(decoding: path, as: UTF8.self), root) {
            return .program
        }
        if mapped(process).contains(where: { holds($0, root) }) { return .mappedFile }
        return arguments(process).contains { isFileBelow($0, root) } ? .argument : nil
    }

    private func isOn(_ link: String, of process: ProcessEntry) -> Bool { process.device(link).map(devices.contains) ?? false }

    private func mapped(_ process: ProcessEntry) -> Set<String> {
        let files = ((try? process.mappedFiles()) ?? []).filter { devices.contains($0.device) }
        return Set(files.map { String(decoding: $0.path, as: UTF8.self).replacing("\\012", with: "\n") })
    }

    /// The words of the command line that may be paths, absolute as the process sees them: those of options (`--config=…`) too.
    private func arguments(_ process: ProcessEntry) -> [String] {
        let words = ((try? process.arguments()) ?? []).prefix(64)
        let directory = (try? process.link("cwd")).map { String(decoding: $0, as: UTF8.self) } ?? "/"
        return words.compactMap { word in
            var text = String(decoding: word, as: UTF8.self)
            if text.hasPrefix("-"), let equals = text.firstIndex(of: "=") { text = String(text[text.index(after: equals)...]) }
            guard text.utf8.count < 4096, text.contains("/") else { return nil }
            return text.hasPrefix("/") ? text : directory + "/" + text
        }
    }

    /// Whether a file that the kernel has named lies in one of the directories; it may be gone by now, and its name then ends in ` (deleted)`.
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

    /// Whether a path of the process's leads to a file, by whatever links, that lies below one of the directories.
    private func isFileBelow(_ path: String, _ root: borrowing Descriptor) -> Bool {
        guard let found = try? root.open(path, [.path], [.inRoot, .noMagicLinks]), let status = try? found.status(local: true),
            status.kind == .regular
        else { return false }
        return (try? found.magicLinkText()).map { holds(String(decoding: $0, as: UTF8.self), root) } ?? false
    }

    /// Upwards, as far as the directory's filesystem goes.
    private func isBelow(_ directory: borrowing Descriptor) -> Bool {
        guard var here = try? directory.duplicate() else { return false }
        var last: FileStatus.Identity?
        while let status = try? here.status(local: true) {
            let identity = status.identity
            if directories.contains(identity) { return true }
            guard identity != last, last == nil || last?.fileSystem == identity.fileSystem,
                let above = try? here.open("..", [.path, .directory], [])
            else { return false }
            last = identity
            here = above
        }
        return false
    }
}
