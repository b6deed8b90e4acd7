internal import CLinux
package import SystemPackage

/// One line of `mountinfo` (`man 5 proc_pid_mountinfo`), as far as anybody here asks.
package struct MountEntry: Hashable, Sendable {
    package let id: UInt64
    package let parent: UInt64
    /// The superblock's device number: what `st_dev` of everything in it is.
    package let major: UInt32
    package let minor: UInt32
    /// The directory of the filesystem that is mounted.
    package let root: String
    package let mountpoint: String
    package let options: [String]
    package let type: String
    package let source: String
    /// Of the filesystem itself, where `options` are this mount's alone.
    package let filesystemOptions: [String]

    /// Whether nothing can be written through this mount.
    package var isReadOnly: Bool { options.contains("ro") || filesystemOptions.contains("ro") }

    /// The FUSE type of every plane.
    package static let pinfoldType = "fuse.pinfold"
    package var isPinfold: Bool { type == Self.pinfoldType }
    package var device: String { "\(major):\(minor)" }

    /// Whether it is the kernel's own mount of a zone (`DirectMount`), by what no other mount is: writable, with owners mapped, and without set-user-ID
    /// programs and devices.
    package var isDirect: Bool {
        !isPinfold && !isReadOnly && ["idmapped", "nosuid", "nodev"].allSatisfy(options.contains)
    }

    /// nil where the line is not one. By bytes: the table is read while somebody waits for a command to start, and characters are dear.
    package init?(line: ArraySlice<UInt8>) {
        let fields = line.split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false)
        // Optional fields stand between the sixth and a lone hyphen.
        guard fields.count >= 9, let hyphen = fields[6...].firstIndex(of: [UInt8(ascii: "-")]), fields.count > hyphen + 2,
            let id = Self.number(fields[0]), let parent = Self.number(fields[1])
        else { return nil }
        let device = fields[2].split(separator: UInt8(ascii: ":"))
        guard device.count == 2, let major = Self.number(device[0]).flatMap({ UInt32(exactly: $0) }),
            let minor = Self.number(device[1]).flatMap({ UInt32(exactly: $0) })
        else { return nil }
        self.id = id
        self.parent = parent
        self.major = major
        self.minor = minor
        root = Self.unescape(fields[3])
        mountpoint = Self.unescape(fields[4])
        options = Self.words(fields[5])
        type = Self.unescape(fields[hyphen + 1])
        source = Self.unescape(fields[hyphen + 2])
        filesystemOptions = fields.count > hyphen + 3 ? Self.words(fields[hyphen + 3]) : []
    }

    private static func number(_ digits: ArraySlice<UInt8>) -> UInt64? { UInt64(String(decoding: digits, as: UTF8.self)) }

    private static func words(_ field: ArraySlice<UInt8>) -> [String] {
        field.split(separator: UInt8(ascii: ",")).map { String(decoding: $0, as: UTF8.self) }
    }

    /// Blanks, tabs, newlines and backslashes are written as three octal digits.
    private static func unescape(_ field: ArraySlice<UInt8>) -> String {
        guard field.contains(UInt8(ascii: "\\")) else { return String(decoding: field, as: UTF8.self) }
        let bytes = Array(field)
        var result: [UInt8] = []
        var index = 0
        while index < bytes.count {
            if bytes[index] == UInt8(ascii: "\\"), index + 3 < bytes.count,
                let code = UInt8(String(decoding: bytes[index + 1...index + 3], as: UTF8.self), radix: 8)
            {
                result.append(code)
                index += 4
            } else {
                result.append(bytes[index])
                index += 1
            }
        }
        return String(decoding: result, as: UTF8.self)
    }
}

/// What is mounted in a process's mount namespace, in the order of mounting: later ones lie over or below earlier ones.
package struct MountTable: Sendable {
    package let entries: [MountEntry]

    /// Reads the table of `process`, this one's where it is nil. No filesystem is asked, so a dead one cannot hang it.
    package static func read(process: Int32? = nil) throws(Errno) -> MountTable {
        let text = try readWholeFile("/proc/\(process.map(String.init) ?? "self")/mountinfo")
        return MountTable(entries: text.split(separator: UInt8(ascii: "\n")).compactMap { MountEntry(line: $0) })
    }

    package init(entries: [MountEntry]) {
        self.entries = entries
    }

    /// Everything mounted at `path` or below it, in the order of mounting.
    package func entries(atOrBelow path: String) -> [MountEntry] {
        let prefix = path == "/" ? "/" : path + "/"
        return entries.filter { $0.mountpoint == path || $0.mountpoint.hasPrefix(prefix) }
    }

    /// The uppermost mount at exactly `path`.
    package func entry(at path: String) -> MountEntry? {
        entries.last { $0.mountpoint == path }
    }
}
