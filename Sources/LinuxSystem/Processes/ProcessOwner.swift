internal import CLinux
internal import SystemPackage

/// Whose rights a process has (`man 5 proc_pid_status`).
package struct ProcessOwner: Hashable, Sendable {
    /// Real, effective, saved and that for files: it can become each of them.
    package let users: Set<UInt32>
    /// What it may make effective on this machine: none of a process in a user namespace of its own.
    package let capabilities: Capabilities
    /// The kernel's name of the program, which the process may set itself.
    package let command: String
    package let parent: Int32

    /// nil where there is no such process any more.
    package init?(process: Int32) {
        guard let bytes = try? readWholeFile("/proc/\(process)/status") else { return nil }
        var fields: [Substring: Substring] = [:]
        let text = String(decoding: bytes, as: UTF8.self)
        for line in text.split(separator: "\n") {
            let parts = line.split(separator: ":", maxSplits: 1)
            if parts.count == 2 { fields[parts[0]] = parts[1].drop { $0 == "\t" } }
        }
        guard let users = fields["Uid"], let parent = fields["PPid"].flatMap({ Int32($0) }) else { return nil }
        self.users = Set(users.split(separator: "\t").compactMap { UInt32($0) })
        self.parent = parent
        command = fields["Name"].map(String.init) ?? "?"
        let permitted = fields["CapPrm"].flatMap { UInt64($0, radix: 16) } ?? 0
        let isOfThisMachine = Self.namespace("\(process)") == Self.namespace("self")
        capabilities = isOfThisMachine ? Capabilities(rawValue: permitted) : []
    }

    /// `man 7 namespaces`: the same text is the same namespace.
    private static func namespace(_ process: String) -> [UInt8]? { try? linkText(at: "/proc/\(process)/ns/user") }
}
