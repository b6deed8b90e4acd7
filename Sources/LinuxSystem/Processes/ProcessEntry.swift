internal import CLinux
package import SystemPackage

/// What `/proc` shows of a process (`man 5 proc`). The process may end at any moment: then each look answers ENOENT or ESRCH.
package struct ProcessEntry: Hashable, Sendable {
    package let pid: Int32

    package init(_ pid: Int32) { self.pid = pid }

    private var path: String { "/proc/\(pid)" }

    /// All that this process sees, in the order of their numbers.
    package static func all() throws(Errno) -> [ProcessEntry] { try numbers(in: "/proc").map(ProcessEntry.init) }

    /// The numbers of its threads.
    package func threads() throws(Errno) -> [Int32] { try Self.numbers(in: path + "/task") }

    /// The numbers of its open descriptors.
    package func descriptors() throws(Errno) -> [Int32] { try Self.numbers(in: path + "/fd") }

    /// One of its files, whole: `maps`, `cmdline`, `status`.
    package func file(_ name: String) throws(Errno) -> [UInt8] { try readWholeFile("\(path)/\(name)") }

    /// What one of its links says: `cwd`, `exe`, `fd/3`, `ns/mnt`. ` (deleted)` is appended where the name is gone.
    package func link(_ name: String) throws(Errno) -> [UInt8] { try linkText(at: "\(path)/\(name)") }

    /// Opens what one of its links leads to, without touching it (O_PATH).
    package func open(_ name: String, _ flags: OpenFlags = []) throws(Errno) -> Descriptor {
        try Descriptor.open("\(path)/\(name)", flags.union(.path))
    }

    /// The file system that one of its links leads to, as `MAJOR:MINOR`, without asking that file system, which may be dead or hang; nil where it cannot
    /// be told.
    package func device(_ name: String) -> String? { location(name)?.device }

    /// The same with the mount by which it is reached, as the mount table numbers it.
    package func location(_ name: String) -> (device: String, mount: UInt64)? {
        var major: UInt32 = 0
        var minor: UInt32 = 0
        var mount: UInt64 = 0
        let found = unsafe pinfold_location_of("\(path)/\(name)", &major, &minor, &mount)
        return found == 0 ? ("\(major):\(minor)", mount) : nil
    }

    /// The kernel's name of the program, which the process may set itself; `?` where it has ended.
    package var command: String {
        guard let name = try? file("comm") else { return "?" }
        return String(decoding: name.filter { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
    }

    /// The words that it was started with.
    package func arguments() throws(Errno) -> [[UInt8]] { try file("cmdline").split(separator: 0).map { Array($0) } }

    /// What it has mapped that is a file: the device as `MAJOR:MINOR`, and the path, in which the end of a line is `\012`, as a name may have it too
    /// (`man 5 proc_pid_maps`).
    package func mappedFiles() throws(Errno) -> [(device: String, path: ArraySlice<UInt8>)] {
        try file("maps").split(separator: 0x0A).compactMap { line in
            // Address, permissions, offset, device in hexadecimal, inode, and a path, which alone has a slash in it.
            guard let slash = line.firstIndex(of: 0x2F) else { return nil }
            let fields = line[..<slash].split(separator: 0x20)
            guard fields.count == 5 else { return nil }
            let numbers = fields[3].split(separator: 0x3A).compactMap { UInt32(String(decoding: $0, as: UTF8.self), radix: 16) }
            guard numbers.count == 2 else { return nil }
            return ("\(numbers[0]):\(numbers[1])", line[slash...])
        }
    }

    /// Whether it has ended and nobody has taken notice: the letter behind the name in parentheses (`man 5 proc_pid_stat`).
    package var hasEnded: Bool {
        guard let bytes = try? file("stat"), let end = bytes.lastIndex(of: UInt8(ascii: ")")) else { return true }
        let state = bytes.dropFirst(end + 2).first
        return state == UInt8(ascii: "Z") || state == UInt8(ascii: "X")
    }

    /// What a look answers when the process, the thread or the descriptor is gone, or never had what was looked at.
    package static func isGone(_ error: Errno) -> Bool { error == .noSuchFileOrDirectory || error == .noSuchProcess }

    private static func numbers(in path: String) throws(Errno) -> [Int32] {
        let directory = try Descriptor.open(path, [.readOnly, .directory])
        var found: [Int32] = []
        try DirectoryReader().read(directory, from: 0) { entry throws(Errno) in
            if let number = Int32(String(decoding: entry.name.array, as: UTF8.self)) { found.append(number) }
            return true
        }
        return found.sorted()
    }
}
