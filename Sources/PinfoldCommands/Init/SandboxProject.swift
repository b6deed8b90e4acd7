internal import CLinux
internal import CommandLineSupport
internal import LinuxSystem
internal import PinfoldConfiguration
internal import SystemPackage
internal import ZonePolicy

/// The sandbox's quota as its file system's own, where that has quotas by project: the kernel counts, and nobody needs to be asked.
struct SandboxProject: ~Copyable {
    private let project: UInt32
    private let account: UserAccount
    private let root: Descriptor
    /// How many files had to be put into it.
    private(set) var joined = 0

    /// Sets it up, or takes the limits away where there is no quota any more. All that is in the sandbox is looked at each time, so what a kill left is
    /// completed.
    /// - Returns: What to say of it.
    static func setUp(_ configuration: Configuration, _ account: UserAccount) throws(CommandFailure) -> [String] {
        let path = configuration.zones.sandbox
        let isServed = configuration.zones.sandboxAccess == .served
        let quota = isServed ? nil : configuration.zones.sandboxQuota
        do {
            let directory = try Descriptor.open(path, [.readOnly, .directory, .noFollow])
            guard ProjectQuota.isEnforced(on: directory) else { return [] }
            let present = try ProjectQuota.ownProject(of: directory)
            guard let quota else { return try lift(present, path, directory) }
            let project = try present ?? ProjectQuota.unusedProject(on: directory)
            let limits = ProjectQuota.Limits(quota)
            var said: [String] = []
            if try ProjectQuota.limits(of: project, on: directory) != limits {
                try ProjectQuota.set(limits, of: project, on: directory)
                said.append("set the limits of project \(project), which \(path) is of, to AGENT_SANDBOX_QUOTA")
            }
            var walk = SandboxProject(project: project, account: account, root: directory)
            try walk.joinAll()
            if walk.joined > 0 { said.append("put \(walk.joined) files and directories of \(path) into project \(project)") }
            return said
        } catch {
            throw CommandFailure(.notDone, "\(path) cannot be given a project for its quota: \(error)")
        }
    }

    private static func lift(_ project: UInt32?, _ path: String, _ directory: borrowing Descriptor) throws(Errno) -> [String] {
        let none = ProjectQuota.Limits(bytes: nil, inodes: nil)
        guard let project, ProjectQuota.own.contains(project), try ProjectQuota.limits(of: project, on: directory) != none else {
            return []
        }
        try ProjectQuota.set(none, of: project, on: directory)
        return ["took the limits of project \(project) away, which \(path) is of"]
    }

    init(project: UInt32, account: UserAccount, root: consuming Descriptor) {
        self.project = project
        self.account = account
        self.root = root
    }

    private struct Handle {
        let bytes: [UInt8]
        let type: Int32

        init(_ directory: borrowing Descriptor) throws(Errno) {
            self = try "".withPathBytes { name throws(Errno) in
                try unsafe directory.withFileHandle(of: name) { bytes, type, _ throws(Errno) in
                    unsafe Handle(bytes: Array(bytes), type: type)
                }
            }
        }

        private init(bytes: [UInt8], type: Int32) {
            self.bytes = bytes
            self.type = type
        }

        func open(through root: borrowing Descriptor) throws(Errno) -> Descriptor {
            let span = bytes.span
            return try unsafe span.withUnsafeBytes { bytes throws(Errno) in
                try unsafe root.open(handle: bytes, type: type, [.readOnly, .directory])
            }
        }
    }

    /// From the top down, each directory before what is in it: what the agent makes meanwhile is of the project by itself, and the file system
    /// lets nothing that is not be moved into it (EXDEV). By handles, so that no depth takes descriptors.
    ///
    /// Symbolic links, FIFOs and sockets have no project that could be changed; they stay as they are.
    mutating func joinAll() throws(Errno) {
        let reader = DirectoryReader()
        if try root.join(project, isDirectory: true) { joined += 1 }
        var waiting = [try Handle(root)]
        while let next = waiting.popLast() {
            // Gone meanwhile.
            guard let directory = try? next.open(through: root) else { continue }
            var inner: [Handle] = []
            var count = 0
            try reader.read(directory, from: 0) { entry throws(Errno) in
                guard !entry.name.isDotOrDotDot, [UInt8(DT_DIR), UInt8(DT_REG), UInt8(DT_UNKNOWN)].contains(entry.type),
                    let file = try? directory.open(entry.name, [.readOnly, .nonBlocking, .noFollow], [.strict, .noMounts])
                else { return true }
                let status = try file.status()
                if status.kind == .directory {
                    if try file.join(project, isDirectory: true) { count += 1 }
                    inner.append(try Handle(file))
                } else if status.kind == .regular, status.owner == account.uid {
                    if try file.join(project, isDirectory: false) { count += 1 }
                }
                return true
            }
            joined += count
            waiting += inner
        }
    }
}

extension ProjectQuota.Limits {
    init(_ quota: Quota) { self.init(bytes: quota.bytes, inodes: quota.inodes) }
}
