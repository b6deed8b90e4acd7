internal import LinuxSystem

extension Fence {
    /// The fence in words, a line a thing.
    package func explain(command: [String] = []) -> String {
        var lines: [(String, String)] = []
        if !command.isEmpty { lines.append(("command", command.joined(separator: " "))) }
        lines.append(
            ("user", "\(user.name) (\(user.uid)), group \(user.gid), further groups: \(list(user.groups.map(String.init)))"))
        lines.append(("capabilities", "none, in no set; no new privileges; set-user-ID files have no effect"))
        for (index, mount) in mounts.enumerated() { lines.append((index == 0 ? "mounts" : "", mount.explanation)) }
        lines.append(("writable", list(writable)))
        lines.append(("self-test", "no file can be created in \(list(sealed)), as root and as \(user.name), or nothing starts"))
        lines.append(("starts in", workingDirectories.joined(separator: ", else ")))
        lines.append(
            ("namespaces", "own mounts, processes, IPC, host name and cgroups" + (self.network == .none ? ", network" : "")))
        lines.append(
            (
                "network",
                self.network == .none
                    ? "none, only its own loopback" : "the host's; abstract Unix sockets of others are out of reach"
            ))
        lines.append(
            (
                "terminal",
                terminal
                    ? "the caller's, with job control; typing into it (TIOCSTI) is refused"
                    : "none of the caller's, a session of its own; what is written to one is copied there"
            ))
        lines.append(("limits", limits.explanation))
        lines.append(("in sum", group.explanation(processes: limits.processes)))
        lines.append(("descriptors", "standard input, output and error; no other is inherited"))
        let version = Landlock.version
        lines.append(
            (
                "Landlock",
                version >= Landlock.oldestUsed
                    ? "version \(version): writing below the writable places, to /dev, and nowhere else"
                    : "not in this kernel: the mounts and the filter stand alone"
            ))
        lines.append(
            ("system calls", "\(DeniedCalls.all.count) refused (EPERM), new namespaces and clone3 too; 32-bit and x32 calls kill"))
        lines.append(
            (
                "refusals",
                recordsRefusals
                    ? "calls that would modify are seen before the kernel refuses them where the mount is read-only: see 'pinfold audit'"
                    : "what the kernel refuses where the mount is read-only is not recorded"
            ))
        for (index, entry) in environment.sorted(by: { $0.key < $1.key }).enumerated() {
            lines.append((index == 0 ? "environment" : "", "\(entry.key)=\(entry.value)"))
        }
        let width = 14
        return lines.map { $0.0 + String(repeating: " ", count: width - $0.0.count) + $0.1 }.joined(separator: "\n")
    }
}

private func list(_ words: [String]) -> String { words.isEmpty ? "none" : words.joined(separator: " ") }

/// A number of bytes for people.
package func size(_ bytes: UInt64) -> String {
    for (shift, unit) in [(40, "TiB"), (30, "GiB"), (20, "MiB"), (10, "KiB")] as [(UInt64, String)] where bytes >= 1 << shift {
        return bytes & (1 << shift - 1) == 0 ? "\(bytes >> shift) \(unit)" : "about \(bytes >> shift) \(unit)"
    }
    return "\(bytes) bytes"
}

extension Fence.Mount {
    fileprivate var explanation: String {
        switch self {
        case .readOnly(let source, let path): source == path ? "\(path) as it is, read-only" : "\(path) is \(source), read-only"
        case .bind(let source, let path): source == path ? "\(path) as it is" : "\(path) is \(source)"
        case .temporary(let path, let bytes, _): "\(path) is private, in memory, at most \(size(bytes))"
        case .empty(let path): "\(path) is empty and read-only"
        case .file(let path, _): "\(path) is the fence's own, with the command's home in it, read-only"
        case .symbolicLink(let target, let path): "\(path) leads to \(target)"
        case .coveredLink(let path): "\(path), a link, is hidden"
        case .processes: "/proc shows its own processes only"
        case .devices(let bytes):
            "/dev has null, zero, full, random, urandom, tty and its own terminals; /dev/shm at most \(size(bytes))"
        }
    }
}

extension Fence.Group {
    fileprivate func explanation(processes: UInt64?) -> String {
        let hierarchies = ControlGroupHierarchies.find()
        if let memoryBytes {
            if let obstacle = hierarchies.obstacle { return "memory is not bounded: \(obstacle)" }
            let processes = processes.map { ", \($0) processes" } ?? ""
            return
                "\(size(memoryBytes)) of memory\(processes), in a control group (\(hierarchies.versions)), and not by process and user"
        }
        return "memory is not bounded" + (variable.map { ": \($0) is none" } ?? "")
    }
}

extension Fence.Limits {
    fileprivate var explanation: String {
        var words: [String] = []
        if let processes { words.append("\(processes) processes of the user") }
        if let memoryBytes { words.append("\(size(memoryBytes)) of private memory a process") }
        if let descriptors { words.append("\(descriptors) descriptors") }
        if let fileBytes { words.append("\(size(fileBytes)) a file") }
        if let cpuSeconds { words.append("\(cpuSeconds) s of processor time") }
        words.append("no core files")
        return words.joined(separator: ", ")
    }
}
