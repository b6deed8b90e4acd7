internal import CLinux
internal import CommandLineSupport
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
    /// - Parameters:
    ///   - devices: `major:minor` as the mount table has them.
    ///   - mounts: numbers of mounts that are used by themselves, on a file system that is not the view's alone. A file that is mapped and not open any more is
    ///     not seen there, nor is what is reached by a copy of the mount, in a mount namespace whose root is a view.
    static func of(devices: Set<String>, mounts: Set<UInt64> = [], except: Set<Int32> = []) -> [Holder] {
        ((try? ProcessEntry.all()) ?? []).filter { !except.contains($0.pid) && $0.pid != getpid() }.compactMap { process in
            let uses = uses(of: process, devices, mounts)
            return uses.isEmpty ? nil : Holder(pid: process.pid, command: process.command, uses: uses)
        }
    }

    /// The first process of each other mount namespace in which one of the filesystems is still mounted: a namespace that was made while the
    /// view was up, and whose mounts do not follow this one's, keeps the view alive without using it.
    static func namespaces(with devices: Set<String>) -> [Holder] {
        // `man 7 namespaces`: the same text is the same namespace.
        var seen = Set([try? ProcessEntry(getpid()).link("ns/mnt")].compactMap { $0 })
        return ((try? ProcessEntry.all()) ?? []).compactMap { process in
            guard let namespace = try? process.link("ns/mnt"), seen.insert(namespace).inserted,
                let table = try? MountTable.read(process: process.pid),
                table.entries.contains(where: { devices.contains($0.device) })
            else { return nil }
            return Holder(pid: process.pid, command: process.command, uses: ["mount namespace"])
        }
    }

    private static func uses(of process: ProcessEntry, _ devices: Set<String>, _ mounts: Set<UInt64>) -> [String] {
        func isOn(_ link: String) -> Bool {
            process.location(link).map { devices.contains($0.device) || mounts.contains($0.mount) } ?? false
        }
        var uses: [String] = []
        for (link, word) in [("cwd", "working directory"), ("root", "root directory"), ("exe", "program")] where isOn(link) {
            uses.append(word)
        }
        if ((try? process.descriptors()) ?? []).contains(where: { isOn("fd/\($0)") }) { uses.append("open file") }
        if !uses.contains("program"), ((try? process.mappedFiles()) ?? []).contains(where: { devices.contains($0.device) }) {
            uses.append("mapped file")
        }
        return uses
    }
}

extension [Holder] {
    /// The first few, for one line.
    var summary: String {
        prefix(8).map(\.description).joined(separator: ", ") + (count > 8 ? " and \(count - 8) more" : "")
    }
}
