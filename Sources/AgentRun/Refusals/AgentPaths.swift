internal import CLinux
internal import Fence
internal import LinuxSystem
internal import SystemPackage

/// Looks paths up as the agent's own calls do: from its root directory, with its user and groups. Of one thread, which has the agent's root
/// directory and its identity towards file systems from then on and cannot go back.
///
/// Only locations are opened (O_PATH): no FIFO, device or socket is touched.
struct AgentPaths: ~Copyable {
    let root: Descriptor
    /// Held, since the mounts behind the fence go with the last process there: what it did in the end is looked up after that.
    private let namespace: Descriptor
    /// The host's `/proc`: in the agent's this process does not exist.
    private let processes: Descriptor
    private let user: FenceUser
    private let mounts: [UInt64: (isReadOnly: Bool, isProc: Bool)]

    /// - Parameter process: the first one behind the fence, whose root directory and mounts are everybody's in there: none can be changed.
    init(of process: Int32, user: FenceUser) throws(Errno) {
        let root = try Descriptor.open("/proc/\(process)/root", [.path])
        let namespace = try Descriptor.open("/proc/\(process)/ns/mnt", [.readOnly])
        let processes = try Descriptor.open("/proc", [.path])
        var mounts: [UInt64: (isReadOnly: Bool, isProc: Bool)] = [:]
        for mount in try MountTable.read(process: process).entries {
            mounts[mount.id] = (mount.isReadOnly, mount.type == "proc")
        }
        let raw = root.rawValue
        _ = try check { pinfold_unshare(pinfold_CLONE_FS) }
        _ = try check { fchdir(raw) }
        _ = try check { unsafe pinfold_chroot(".") }
        _ = try check { unsafe pinfold_thread_setgroups(user.groups.count, user.groups) }
        pinfold_thread_setfsgid(user.gid)
        pinfold_thread_setfsuid(user.uid)
        self.root = root
        self.namespace = namespace
        self.processes = processes
        self.user = user
        self.mounts = mounts
    }

    /// What was found, and whether a mode on the way there bars the agent.
    struct Found: ~Copyable {
        let descriptor: Descriptor
        let status: FileStatus
        let isBarred: Bool

        init(_ descriptor: consuming Descriptor, isBarred: Bool) throws(Errno) {
            status = try descriptor.status(local: true)
            self.descriptor = descriptor
            self.isBarred = isBarred
        }
    }

    /// What a target leads to.
    func find(
        _ target: CapturedCall.Target, _ flags: OpenFlags = [], follow: Bool = true, _ resolution: PathResolution = [],
        thread: Int32
    ) throws(Errno) -> Found {
        if target.path.isEmpty, let base = target.base {
            let descriptor = try base.descriptor.duplicate()
            return try Found(descriptor, isBarred: false)
        }
        var flags: OpenFlags = flags.union(.path)
        if !follow { flags.insert(.noFollow) }
        do throws(Errno) {
            return try look(target, flags, resolution, isBarred: false)
        } catch {
            switch error {
            case .permissionDenied:
                // As root: what the agent tried to change is to be seen although it could not get there.
                pinfold_thread_setfsuid(0)
                defer { pinfold_thread_setfsuid(user.uid) }
                return try look(target, flags, resolution, isBarred: true)
            case .noSuchFileOrDirectory, .tooManySymbolicLinkLevels:
                guard resolution.isEmpty, let walked = try? walk(target, follow: follow, thread: thread) else { throw error }
                return try Found(walked, isBarred: false)
            default: throw error
            }
        }
    }

    private func look(
        _ target: CapturedCall.Target, _ flags: OpenFlags, _ resolution: PathResolution, isBarred: Bool
    ) throws(Errno) -> Found {
        let descriptor = try target.path.withPathBytes { path throws(Errno) in
            if let base = target.base { return try base.descriptor.open(path, flags, resolution) }
            return try root.open(path, flags, resolution)
        }
        return try Found(descriptor, isBarred: isBarred)
    }

    func isReadOnly(_ status: FileStatus) -> Bool { mounts[status.mount]?.isReadOnly ?? false }
    func isProc(_ status: FileStatus) -> Bool { mounts[status.mount]?.isProc ?? false }

    /// The path that the kernel has for it, as the agent sees it.
    func text(_ descriptor: borrowing Descriptor) -> [UInt8]? {
        let link = try? processes.open("self/fd/\(descriptor.rawValue)", [.path, .noFollow], [])
        guard let text = try? link?.linkText(), text.first == UInt8(ascii: "/") else { return nil }
        return text
    }

    /// The name that the thread has now; empty where it is gone already.
    func command(of thread: Int32) -> [UInt8] {
        guard let file = try? processes.open("\(thread)/comm", [.readOnly], []) else { return [] }
        var bytes = [UInt8](repeating: 0, count: 64)
        let count = unsafe read(file.rawValue, &bytes, bytes.count)
        return Array(bytes.prefix(max(count, 0)).prefix { $0 != UInt8(ascii: "\n") && $0 != 0 })
    }

    /// What a thread's own `/proc/self` and `/proc/thread-self` are called in the agent's `/proc` (`man 5 proc_pid_status`).
    func ownNames(_ thread: Int32) throws(Errno) -> (process: String, thread: String) {
        let file = try processes.open("\(thread)/status", [.readOnly], [])
        var bytes = [UInt8](repeating: 0, count: 8192)
        let raw = file.rawValue
        let count = try check { unsafe read(raw, &bytes, bytes.count) }
        var last: [Substring: Substring] = [:]
        for line in String(decoding: bytes[..<count], as: UTF8.self).split(separator: "\n") {
            let words = line.split(whereSeparator: { $0 == "\t" || $0 == ":" })
            if let name = words.first, let value = words.last { last[name] = value }
        }
        guard let process = last["NStgid"], let number = last["NSpid"] else { throw .noSuchProcess }
        return (String(process), "\(process)/task/\(number)")
    }
}
