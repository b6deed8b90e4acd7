internal import CLinux
internal import SystemPackage

/// Where on this machine this process can make control groups (`man 7 cgroups`), and with which controllers.
///
/// A group is made below or beside the one that this process is in, never outside of what limits that: whoever bounds the process bounds what it starts.
package struct ControlGroupHierarchies: Sendable {
    package enum Controller: String, CaseIterable, Sendable {
        case memory
        case processes = "pids"
        case cpu
        /// `blkio` in version 1.
        case io
    }

    package enum Version: Sendable { case one, two }

    /// A directory of one hierarchy, in which a group is a directory.
    struct Hierarchy: Hashable, Sendable {
        let version: Version
        let directory: String
        var controllers: Set<Controller>
        /// The least memory limit of the groups that this process is in and that one made here is not.
        var memoryCeiling: UInt64?
    }

    /// At most one for each controller; that of the memory controller is the first.
    let hierarchies: [Hierarchy]
    /// Why memory cannot be bounded, in words; nil where it can, as far as reading tells.
    package let obstacle: String?

    package var controllers: Set<Controller> { hierarchies.reduce(into: []) { $0.formUnion($1.controllers) } }

    /// `version 1`, `version 2`, or both where some controllers are in either.
    package var versions: String {
        switch (hierarchies.contains { $0.version == .one }, hierarchies.contains { $0.version == .two }) {
        case (true, true): "versions 1 and 2"
        case (true, false): "version 1"
        case (false, true): "version 2"
        case (false, false): "none"
        }
    }

    /// Looks where groups can be made. In a group of version 2 that a service manager has handed over (`Delegate=yes`), this moves what runs in it
    /// into a group `main` of its own: a group whose controllers are handed on holds no process.
    package static func find() -> ControlGroupHierarchies {
        guard let memberships = try? readWholeFile("/proc/self/cgroup"), let table = try? MountTable.read() else {
            return ControlGroupHierarchies(hierarchies: [], obstacle: "this kernel has no control groups")
        }
        var hierarchies: [Hierarchy] = []
        var reasons: [String] = []
        var unified: String?
        let lines = String(decoding: memberships, as: UTF8.self).split(separator: "\n")
        for line in lines {
            let fields = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false).map(String.init)
            guard fields.count == 3 else { continue }
            if fields[1].isEmpty {
                unified = fields[2]
                continue
            }
            let names = fields[1].split(separator: ",").map(String.init)
            let controllers = Set(names.compactMap { Controller(rawValue: $0 == "blkio" ? "io" : $0) })
            guard !controllers.isEmpty, let first = names.first else { continue }
            let mounts = table.entries.filter { $0.type == "cgroup" && $0.filesystemOptions.contains(first) }
            switch directory(of: fields[2], in: mounts, magic: 0x27e0eb) {
            case .success(let directory):
                hierarchies.append(Hierarchy(version: .one, directory: directory, controllers: controllers))
            case .failure(let reason): if controllers.contains(.memory) { reasons.append(reason.text) }
            }
        }
        let taken = hierarchies.reduce(into: Set<Controller>()) { $0.formUnion($1.controllers) }
        if let unified, taken.count < Controller.allCases.count {
            switch directory(of: unified, in: table.entries.filter { $0.type == "cgroup2" }, magic: 0x6367_7270) {
            case .success(let directory):
                switch UnifiedHierarchy.hierarchy(for: directory) {
                case .success(var hierarchy):
                    hierarchy.controllers.subtract(taken)
                    // A hierarchy that holds no controller is somebody's book of what runs where: nothing is moved in it.
                    if !hierarchy.controllers.isEmpty { hierarchies.append(hierarchy) }
                case .failure(let reason): reasons.append(reason.text)
                }
            case .failure(let reason): reasons.append(reason.text)
            }
        }
        hierarchies.sort { first, second in
            let leads = (first.controllers.contains(.memory), second.controllers.contains(.memory))
            return leads.0 != leads.1 ? leads.0 : first.directory < second.directory
        }
        let hasMemory = hierarchies.first?.controllers.contains(.memory) == true
        return ControlGroupHierarchies(
            hierarchies: hierarchies,
            obstacle: hasMemory ? nil : reasons.last ?? "no hierarchy of control groups has the memory controller")
    }

    struct Reason: Error {
        let text: String
    }

    /// The directory of the group `path`, through one of `mounts`.
    private static func directory(of path: String, in mounts: [MountEntry], magic: Int64) -> Result<String, Reason> {
        guard !mounts.isEmpty else {
            return .failure(Reason(text: "no control groups are mounted (mount -t cgroup2 none /sys/fs/cgroup)"))
        }
        var reason = "this process's own group (\(path)) is not below what is mounted at \(mounts[0].mountpoint)"
        for mount in mounts.reversed() {
            let root = mount.root == "/" ? "" : mount.root
            guard path.hasPrefix(root), !path.split(separator: "/").contains("..") else { continue }
            let rest = path.dropFirst(root.count)
            guard rest.isEmpty || rest.hasPrefix("/") else { continue }
            let directory = rest == "/" || rest.isEmpty ? mount.mountpoint : mount.mountpoint + rest
            // What is mounted over it would be somebody's directory.
            guard unsafe pinfold_statfs_type(directory) == magic else { continue }
            if mount.isReadOnly {
                reason = "the control groups are mounted read-only at \(mount.mountpoint)"
                continue
            }
            return .success(directory)
        }
        return .failure(Reason(text: reason))
    }
}

extension ControlGroupHierarchies {
    /// What this process may use of the machine's memory: all of it, or what a group around it leaves.
    package static func memoryBytes() -> UInt64 {
        var bytes = UInt64.max
        for line in (try? readWholeFile("/proc/meminfo"))?.split(separator: UInt8(ascii: "\n")) ?? [] {
            let words = String(decoding: line, as: UTF8.self).split(separator: " ")
            if words.first == "MemTotal:", words.count > 1, let kibibytes = UInt64(words[1]) { bytes = kibibytes << 10 }
        }
        guard let hierarchy = find().hierarchies.first, hierarchy.controllers.contains(.memory) else { return bytes }
        bytes = min(bytes, hierarchy.memoryCeiling ?? .max)
        switch hierarchy.version {
        case .one:
            let lines = ControlFile.text(hierarchy.directory + "/memory.stat").split(separator: "\n")
            for line in lines where line.hasPrefix("hierarchical_memory_limit ") {
                if let limit = UInt64(line.split(separator: " ")[1]) { bytes = min(bytes, limit) }
            }
        case .two:
            var directory = hierarchy.directory
            // The root has no such file, and what is no group neither.
            while let limit = ControlFile.value(directory + "/memory.max") {
                bytes = min(bytes, UInt64(limit) ?? .max)
                guard let slash = directory.lastIndex(of: "/") else { break }
                directory = String(directory[..<slash])
            }
        }
        return bytes
    }
}
