internal import CLinux
internal import LinuxSystem
internal import SystemPackage

/// A process that uses a filesystem, and how.
struct Holder: Hashable, Sendable, CustomStringConvertible {
    let pid: Int32
    let command: String
    /// `working directory`, `root directory`, `program`, `open file`, `mapped file`, `mount namespace`.
    let uses: [String]

    var description: String { "\(pid) (\(command): \(uses.joined(separator: ", ")))" }

    /// Every process that uses one of the filesystems, in whatever mount namespace: an agent whose root is a view is found too.
    ///
    /// Nothing of the filesystem itself is touched, so that a dead daemon cannot hang the search. Files in flight between processes
    /// are not seen.
    /// - Parameter devices: `major:minor` as the mount table has them.
    static func of(devices: Set<String>, except: Set<Int32> = []) -> [Holder] {
        let processes = ((try? names(inDirectory: "/proc")) ?? []).compactMap { Int32($0) }.sorted()
        return processes.filter { !except.contains($0) && $0 != getpid() }.compactMap { pid in
            let uses = uses(of: pid, devices: devices)
            return uses.isEmpty ? nil : Holder(pid: pid, command: command(of: pid), uses: uses)
        }
    }

    /// The first process of each other mount namespace in which one of the filesystems is still mounted: a namespace that was made while the
    /// view was up, and whose mounts do not follow this one's, keeps the view alive without using it.
    static func namespaces(with devices: Set<String>) -> [Holder] {
        var seen = Set([namespace(of: "self")].compactMap { $0 })
        return ((try? names(inDirectory: "/proc")) ?? []).compactMap { Int32($0) }.sorted().compactMap { pid in
            guard let namespace = namespace(of: "\(pid)"), seen.insert(namespace).inserted,
                let table = try? MountTable.read(process: pid), table.entries.contains(where: { devices.contains($0.device) })
            else { return nil }
            return Holder(pid: pid, command: command(of: pid), uses: ["mount namespace"])
        }
    }

    /// `man 7 namespaces`: the same text is the same namespace.
    private static func namespace(of process: String) -> String? { try? readLink("/proc/\(process)/ns/mnt") }

    private static func uses(of pid: Int32, devices: Set<String>) -> [String] {
        var uses: [String] = []
        let single = [("cwd", "working directory"), ("root", "root directory"), ("exe", "program")]
        for (link, word) in single where isOn(devices, "/proc/\(pid)/\(link)") { uses.append(word) }
        let open = (try? names(inDirectory: "/proc/\(pid)/fd")) ?? []
        if open.contains(where: { isOn(devices, "/proc/\(pid)/fd/\($0)") }) { uses.append("open file") }
        if !uses.contains("program"), maps(of: pid, devices: devices) { uses.append("mapped file") }
        return uses
    }

    private static func isOn(_ devices: Set<String>, _ path: String) -> Bool {
        var major: UInt32 = 0
        var minor: UInt32 = 0
        guard unsafe pinfold_device_of(path, &major, &minor) == 0 else { return false }
        return devices.contains("\(major):\(minor)")
    }

    /// `man 5 proc_pid_maps`: address, permissions, offset, device in hexadecimal, inode, path.
    private static func maps(of pid: Int32, devices: Set<String>) -> Bool {
        guard let bytes = try? readWholeFile("/proc/\(pid)/maps") else { return false }
        return String(decoding: bytes, as: UTF8.self).split(separator: "\n").contains { line in
            let fields = line.split(separator: " ", maxSplits: 4)
            guard fields.count > 3 else { return false }
            let numbers = fields[3].split(separator: ":").compactMap { UInt32($0, radix: 16) }
            return numbers.count == 2 && devices.contains("\(numbers[0]):\(numbers[1])")
        }
    }

    private static func command(of pid: Int32) -> String {
        guard let name = try? readWholeFile("/proc/\(pid)/comm") else { return "?" }
        return String(decoding: name.filter { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
    }
}

extension [Holder] {
    /// The first few, for one line.
    var summary: String {
        prefix(8).map(\.description).joined(separator: ", ") + (count > 8 ? " and \(count - 8) more" : "")
    }
}
