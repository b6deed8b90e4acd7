internal import CLinux
internal import LinuxSystem

/// The device numbers of filesystems that are never shown: the kernel's and devices' own, which show the host's processes and are full of
/// things that act when they are read, and other FUSE mounts, whose daemons may hang.
struct SealedDevices: Sendable {
    private let devices: Set<UInt64>

    private static let kinds: Set<String> = [
        "autofs", "binder", "binfmt_misc", "bpf", "cgroup", "cgroup2", "configfs", "cpuset", "debugfs", "devpts", "devtmpfs",
        "efivarfs",
        "functionfs", "fuse", "fusectl", "hugetlbfs", "mqueue", "nfsd", "nsfs", "pipefs", "proc", "pstore", "resctrl", "rpc_pipefs",
        "securityfs", "selinuxfs", "smackfs", "sockfs", "sysfs", "tracefs",
    ]

    /// Whether somebody waits for the last mount of such a filesystem to go: a FUSE daemon for its end, this one's among them, and whoever removes a
    /// namespace or unmounts on demand. None is in a view's copy.
    static func holdsOthersUp(_ kind: String) -> Bool { ["fuse", "nsfs", "autofs"].contains(kind) || kind.hasPrefix("fuse.") }

    func contains(_ device: UInt64) -> Bool { devices.contains(device) }

    /// Reads the mounts that this process sees (`man 5 proc`, `/proc/PID/mountinfo`). The planes' clones are made of these, and no mount
    /// that is made later reaches them.
    init() {
        var devices: Set<UInt64> = []
        for line in Self.text().split(separator: UInt8(ascii: "\n")) {
            // 36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw
            let fields = line.split(separator: UInt8(ascii: " ")).map { String(decoding: $0, as: UTF8.self) }
            guard fields.count > 6, let dash = fields.firstIndex(of: "-"), dash + 1 < fields.count else { continue }
            let kind = fields[dash + 1]
            guard Self.kinds.contains(kind) || kind.hasPrefix("fuse.") else { continue }
            let numbers = fields[2].split(separator: ":").compactMap { UInt32($0) }
            if numbers.count == 2 { devices.insert(pinfold_makedev(numbers[0], numbers[1])) }
        }
        self.devices = devices
    }

    private static func text() -> [UInt8] {
        guard let file = try? Descriptor.open("/proc/self/mountinfo", .readOnly) else { return [] }
        var text: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        // The file is made anew with each read from its start, so it is read in sequence.
        while let count = unsafe try? chunk.withUnsafeMutableBytes({ unsafe try file.read(into: $0, at: Int64(text.count)) }),
            count > 0
        {
            text += chunk[..<count]
        }
        return text
    }
}
