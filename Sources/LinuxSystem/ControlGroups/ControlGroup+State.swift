internal import CLinux
internal import SystemPackage

extension ControlGroup {
    /// What the kernel ended in this group for want of memory.
    package struct OutOfMemory: Hashable, Sendable {
        package let kills: Int
        /// Whether it was the group's own limit that was reached, and not the machine's memory or a limit around it.
        package let isOwnLimit: Bool
    }

    /// nil where nothing was ended.
    package var outOfMemory: OutOfMemory? {
        guard let directory = directories.first, directory.controllers.contains(.memory) else { return nil }
        let kills: Int
        let reached: Bool
        switch directory.version {
        case .one:
            kills = ControlFile.number("oom_kill", in: directory.path + "/memory.oom_control")
            // Kernels from 6.12 on count no failures. The limit with swap is the same; what a processor has set aside is some pages.
            let most = ["memory", "memory.memsw"].compactMap { name in
                ControlFile.value("\(directory.limited)/\(name).max_usage_in_bytes").flatMap { UInt64($0) }
            }.max()
            let limit = ControlFile.value(directory.limited + "/memory.limit_in_bytes").flatMap { UInt64($0) }
            reached = (most ?? 0) + (4 << 20) >= limit ?? .max
        case .two:
            kills = ControlFile.number("oom_kill", in: directory.path + "/memory.events")
            reached = ControlFile.number("oom", in: directory.limited + "/memory.events") > 0
        }
        return kills > 0 ? OutOfMemory(kills: kills, isOwnLimit: reached && bounds.contains(.memory)) : nil
    }

    /// Ends every process in it. Where the kernel does not do that in one (`cgroup.kill`, version 2), it is asked again until nobody is left or
    /// the number of processes, which is bounded, has been ended several times over.
    package func kill() {
        guard let directory = directories.first else { return }
        ControlGroupLeftovers.kill(directory.path)
    }
}

/// Groups whose owner was killed before it could remove them.
///
/// The owner holds a lock (`man 2 flock`) on each directory of its group; whoever gets it may remove that directory with all that runs in it.
/// Each, since a process need not be in the same group of every hierarchy: one that tidies may find a group in one of them and miss it in the others.
struct ControlGroupLeftovers {
    /// What the names of all groups of Pinfold's begin with, and that of no unit of systemd's can: whatever bears it is ended when nobody owns it.
    static let prefix = "pinfold+"
    /// Of groups that several share: no process is in one, and its last member removes it.
    static let sharedPrefix = prefix + "+"

    private let hierarchies: [ControlGroupHierarchies.Hierarchy]

    init(_ hierarchies: [ControlGroupHierarchies.Hierarchy]) {
        self.hierarchies = hierarchies
    }

    func remove() {
        guard let first = hierarchies.first else { return }
        for group in Self.groups(first.directory) where group.hasPrefix(Self.prefix) {
            guard group.hasPrefix(Self.sharedPrefix) else {
                remove(group)
                continue
            }
            for member in Self.groups(first.directory + "/" + group) { remove(group + "/" + member) }
            for hierarchy in hierarchies.reversed() { unsafe rmdir(hierarchy.directory + "/" + group) }
        }
        // The locked one is made first and removed last, so what is elsewhere alone, at this moment, is nobody's.
        for hierarchy in hierarchies.dropFirst() {
            for group in Self.groups(hierarchy.directory) where group.hasPrefix(Self.prefix) {
                if unsafe access(first.directory + "/" + group, F_OK) == 0 { continue }
                for member in Self.groups(hierarchy.directory + "/" + group) {
                    removeEmpty(hierarchy.directory + "/" + group + "/" + member)
                }
                removeEmpty(hierarchy.directory + "/" + group)
            }
        }
    }

    /// What has no owner and nobody in it. Of a group that several share, the directory around its members has no lock, and goes only without members.
    private func removeEmpty(_ path: String) {
        if Self.lock(path) != nil { unsafe rmdir(path) }
    }

    /// nil where somebody else has it.
    private static func lock(_ path: String) -> SharedDescriptor? {
        guard let directory = try? Descriptor.open(path, [.readOnly, .directory]) else { return nil }
        let raw = directory.rawValue
        guard (try? check { pinfold_flock(raw) }) != nil else { return nil }
        return SharedDescriptor(directory)
    }

    private func remove(_ group: String) {
        let path = hierarchies[0].directory + "/" + group
        guard let held = Self.lock(path) else { return }
        defer { withExtendedLifetime(held) {} }
        // What was killed takes a moment to be gone.
        for _ in 0..<100 {
            Self.kill(path)
            for hierarchy in hierarchies.reversed() { unsafe rmdir(hierarchy.directory + "/" + group) }
            if unsafe access(path, F_OK) != 0 { return }
            SystemThread.sleep(milliseconds: 2)
        }
    }

    static func kill(_ directory: String) {
        // Of version 2, from Linux 5.14 on.
        if (try? ControlFile.write("1", to: directory + "/cgroup.kill")) != nil { return }
        for _ in 0..<64 {
            let processes = ControlFile.text(directory + "/cgroup.procs").split(separator: "\n").compactMap { Int32($0) }
            if processes.isEmpty { return }
            for process in processes {
                guard let raw = try? check({ pinfold_pidfd_open(process, 0) }) else { continue }
                let held = Descriptor(owning: raw)
                // The number may be a stranger's by now: what is held is asked once more whether it lives here.
                let now = ControlFile.text(directory + "/cgroup.procs").split(separator: "\n")
                guard now.contains("\(process)") else { continue }
                _ = pinfold_pidfd_send_signal(held.rawValue, SIGKILL)
            }
            SystemThread.sleep(milliseconds: 1)
        }
    }

    private static func groups(_ directory: String) -> [String] {
        var names: [String] = []
        guard let opened = try? Descriptor.open(directory, [.readOnly, .directory]) else { return [] }
        try? DirectoryReader().read(opened, from: 0) { entry in
            // DT_DIR
            if entry.type == 4, !entry.name.isDotOrDotDot { names.append(String(decoding: entry.name.array, as: UTF8.self)) }
            return true
        }
        return names
    }
}
