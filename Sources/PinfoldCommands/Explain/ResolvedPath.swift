internal import CLinux
internal import CommandLineSupport
internal import LinuxSystem
internal import SystemPackage

/// A path as the kernel would walk it: links followed, `..` applied after them, and what does not exist taken as it is written.
struct ResolvedPath: Sendable {
    struct Link: Codable, Sendable {
        let path: String
        let target: String
    }

    /// The names from `/` on.
    private(set) var names: [String] = []
    /// Links that were followed, in order.
    private(set) var links: [Link] = []
    /// What is at the end; nil where nothing exists, and where this user may not look.
    private(set) var status: stat?
    /// The directory on the way that lets this user look no further, and its modes; nil where everything was looked at.
    private(set) var bar: (directory: String, modes: String)?

    var text: String { "/" + names.joined(separator: "/") }
    /// Nil where this user may not look.
    var exists: Bool? { bar == nil ? status != nil : nil }
    /// `mode 640, owner 0, group 42`; nil where nothing is seen.
    var modes: String? {
        status.map { "mode \(String($0.st_mode & 0o7777, radix: 8)), owner \($0.st_uid), group \($0.st_gid)" }
    }
    var components: [[UInt8]] { names.map { Array($0.utf8) } }

    /// - Parameter path: absolute.
    init(_ path: String) throws(CommandFailure) {
        // As the kernel has it, and the deploy daemon: what follows costs time with the path's length.
        guard path.utf8.count < 4096 else {
            throw CommandFailure(.usage, "\(path.prefix(60))…: a path is shorter than 4096 bytes")
        }
        var rest = Self.names(path)[...]
        var isMissing = false
        status = try existing("/")
        while let name = rest.popFirst() {
            if name == "." { continue }
            if name == ".." {
                _ = names.popLast()
                if !isMissing { status = try existing(text) }
                continue
            }
            guard !isMissing else {
                names.append(name)
                continue
            }
            let next = (names.isEmpty ? "" : text) + "/" + name
            guard let found = try look(at: next) else {
                isMissing = true
                status = nil
                names.append(name)
                continue
            }
            guard found.fileType == S_IFLNK else {
                if found.fileType != S_IFDIR, !rest.isEmpty {
                    throw CommandFailure(.usage, "\(next) is \(kind(of: found)), not a directory")
                }
                names.append(name)
                status = found
                continue
            }
            // `man 7 path_resolution`: more than forty is ELOOP.
            guard links.count < 40 else { throw CommandFailure(.usage, "\(path): too many symbolic links") }
            let target: String
            do {
                target = try readLink(next)
            } catch {
                throw CommandFailure(.usage, "\(next): \(error)")
            }
            links.append(Link(path: next, target: target))
            if target.utf8.first == UInt8(ascii: "/") {
                names = []
                status = try existing("/")
            }
            rest = Self.names(target)[...] + rest
        }
    }

    /// Paths are bytes: to Swift a slash with a combining mark behind it is one character.
    private static func names(_ path: String) -> [String] {
        path.utf8.split(separator: UInt8(ascii: "/")).map { String(Substring($0)) }
    }

    /// What is at a path in the directory that `status` is about.
    private mutating func look(at path: String) throws(CommandFailure) -> stat? {
        do {
            return try fileStatus(path)
        } catch {
            guard error == .permissionDenied else { throw CommandFailure(.usage, "\(path): \(error)") }
            bar = (text, modes ?? "")
            return nil
        }
    }
}
