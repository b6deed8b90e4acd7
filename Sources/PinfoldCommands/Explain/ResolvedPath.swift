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
    /// What is at the end; nil where nothing exists.
    private(set) var status: stat?

    var text: String { "/" + names.joined(separator: "/") }
    /// `mode 640, owner 0, group 42`; nil where nothing exists.
    var modes: String? {
        status.map { "mode \(String($0.st_mode & 0o7777, radix: 8)), owner \($0.st_uid), group \($0.st_gid)" }
    }
    var components: [[UInt8]] { names.map { Array($0.utf8) } }

    /// - Parameter path: absolute.
    init(_ path: String) throws(CommandFailure) {
        var rest = path.split(separator: "/").map(String.init)[...]
        var isMissing = false
        status = try existing("/")
        while let name = rest.popFirst() {
            if name == "." { continue }
            if name == ".." {
                _ = names.popLast()
                if !isMissing { status = try existing(text) }
                continue
            }
            let next = (names.isEmpty ? "" : text) + "/" + name
            guard !isMissing, let found = try existing(next) else {
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
            if target.hasPrefix("/") { names = [] }
            rest = target.split(separator: "/").map(String.init)[...] + rest
        }
    }
}
