internal import CLinux
internal import LinuxSystem
internal import SystemPackage

/// Notices when one of the gateway's own mounts goes: the kernel makes `/proc/self/mountinfo` readable with POLLPRI at every change
/// (`man 5 proc`).
struct MountWatch: ~Copyable {
    private let file: Descriptor
    private var present: [(label: String, path: String, mount: UInt64)]
    var rawDescriptor: Int32 { file.rawValue }

    init() throws(Errno) {
        file = try Descriptor.open("/proc/self/mountinfo", .readOnly)
        present = []
    }

    /// Watches the mount at `path` with the kernel's number `mount`.
    mutating func add(_ label: String, at path: String, mount: UInt64) { present.append((label, path, mount)) }

    /// Whether the first that was added, the view, is still there.
    var hasFirst: Bool { present.contains { $0.label == "view" } }

    /// The mounts that are gone since the last call.
    mutating func gone() -> [(label: String, path: String)] {
        guard let table = try? MountTable.read() else { return [] }
        // A number may be another mount's by now.
        let there = Set(table.entries.filter { $0.isPinfold || $0.isDirect }.map(\.id))
        let lost = present.filter { !there.contains($0.mount) }.map { ($0.label, $0.path) }
        present.removeAll { !there.contains($0.mount) }
        return lost
    }
}
