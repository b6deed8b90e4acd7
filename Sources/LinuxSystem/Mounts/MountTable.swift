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

    /// nil where the line is not one.
    package init?(line: Substring) {
        let fields = line.split(separator: " ", omittingEmptySubsequences: false)
        // Optional fields stand between the sixth and a lone hyphen.
        guard fields.count >= 9, let hyphen = fields[6...].firstIndex(of: "-"), fields.count > hyphen + 2,
            let id = UInt64(fields[0]), let parent = UInt64(fields[1])
        else { return nil }
        let device = fields[2].split(separator: ":")
        guard device.count == 2, let major = UInt32(device[0]), let minor = UInt32(device[1]) else { return nil }
        self.id = id
        self.parent = parent
        self.major = major
        self.minor = minor
        root = Self.unescape(fields[3])
        mountpoint = Self.unescape(fields[4])
        options = fields[5].split(separator: ",").map(String.init)
        type = Self.unescape(fields[hyphen + 1])
        source = Self.unescape(fields[hyphen + 2])
        filesystemOptions = fields.count > hyphen + 3 ? fields[hyphen + 3].split(separator: ",").map(String.init) : []
    }

    /// Blanks, tabs, newlines and backslashes are written as three octal digits.
    private static func unescape(_ field: Substring) -> String {
        guard field.utf8.contains(UInt8(ascii: "\\")) else { return String(field) }
        let bytes = Array(field.utf8)
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
        let text = String(decoding: try readWholeFile("/proc/\(process.map(String.init) ?? "self")/mountinfo"), as: UTF8.self)
        return MountTable(entries: text.split(separator: "\n").compactMap { MountEntry(line: $0) })
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

/// A whole file whose size is not known beforehand, such as those of `/proc`.
package func readWholeFile(_ path: String) throws(Errno) -> [UInt8] {
    let descriptor = Descriptor(owning: try check { unsafe pinfold_open(path, O_RDONLY | O_CLOEXEC, 0) })
    let number = descriptor.rawValue
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    while true {
        let count = try check { unsafe chunk.withUnsafeMutableBytes { unsafe read(number, $0.baseAddress, $0.count) } }
        if count == 0 { return bytes }
        bytes += chunk.prefix(count)
    }
}
