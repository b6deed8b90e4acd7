internal import CLinux
internal import CommandLineSupport
internal import LinuxSystem
internal import PinfoldConfiguration
internal import SystemPackage

/// Gives a tree to the agent's user, by descriptors, following no link.
///
/// Its top is given last, so a top that is the agent's says that all below it has been given: a second run has nothing to do, one
/// that was killed goes on, and a tree that the agent has been at is never walked by root.
struct TreeWalk {
    /// Every level costs a descriptor and a stack frame while it is open.
    static let deepest = 256

    private let account: UserAccount
    /// Names seen of every file that has more than one.
    private var names: [UInt64: (seen: UInt64, links: UInt64, example: String)] = [:]

    /// - Returns: Whether anything had to be given.
    static func give(_ path: String, to account: UserAccount) throws(CommandFailure) -> Bool {
        do {
            guard let top = try fileStatus(path) else { throw Errno.noSuchFileOrDirectory }
            if top.st_uid == account.uid, top.st_gid == account.gid { return false }
            var walk = TreeWalk(account: account)
            let directory = try Descriptor.open(path, [.readOnly, .directory, .noFollow])
            try walk.inspect(directory, path: path, device: top.st_dev, depth: 0)
            try walk.requireOwnFiles(path)
            try walk.give(directory, depth: 0)
            try walk.give(directory.rawValue, [])
            return true
        } catch let failure as CommandFailure {
            throw failure
        } catch {
            throw CommandFailure(.notDone, "\(path) cannot be given to uid \(account.uid): \(error)")
        }
    }

    private init(account: UserAccount) {
        self.account = account
    }

    /// Looks at everything before anything is given.
    private mutating func inspect(_ directory: borrowing Descriptor, path: String, device: dev_t, depth: Int) throws {
        guard depth < Self.deepest else {
            throw CommandFailure(.notDone, "\(path) lies more than \(Self.deepest) directories deep; move it out of the zone")
        }
        for name in try fileNames(in: directory) {
            let status = try status(of: name, in: directory)
            let inner = "\(path)/\(String(decoding: name, as: UTF8.self))"
            guard status.st_dev == device else {
                throw CommandFailure(.usage, "\(inner): another filesystem is mounted in the zone; unmount it")
            }
            switch status.fileType {
            case S_IFDIR:
                let child = try name.withPathBytes { name throws(Errno) in try openDirectory(name, in: directory) }
                try inspect(child, path: inner, device: device, depth: depth + 1)
            case S_IFBLK, S_IFCHR: throw CommandFailure(.usage, "\(inner) is a device; remove it from the zone")
            default:
                guard status.st_nlink > 1 else { continue }
                names[UInt64(status.st_ino), default: (0, UInt64(status.st_nlink), inner)].seen += 1
            }
        }
    }

    /// A file with a name outside the zone is not the zone's: giving it away would give away the other one as well.
    private func requireOwnFiles(_ path: String) throws(CommandFailure) {
        let shared = names.values.filter { $0.seen < $0.links }
        guard let first = shared.map(\.example).min() else { return }
        throw CommandFailure(
            .usage,
            "\(path) shares \(shared.count) files with another place, \(first) among them (hard links, as a local 'git clone' "
                + "makes them); "
                + "move it away and let 'pinfold init' clone it")
    }

    private func give(_ directory: borrowing Descriptor, depth: Int) throws(Errno) {
        for name in try fileNames(in: directory) {
            let status = try status(of: name, in: directory)
            if status.fileType == S_IFDIR, depth < Self.deepest {
                let child = try name.withPathBytes { name throws(Errno) in try openDirectory(name, in: directory) }
                try give(child, depth: depth + 1)
            }
            if status.st_uid != account.uid || status.st_gid != account.gid { try give(directory.rawValue, name) }
        }
    }

    private func give(_ directory: Int32, _ name: [UInt8]) throws(Errno) {
        let account = account
        let flags = pinfold_AT_SYMLINK_NOFOLLOW | (name.isEmpty ? pinfold_AT_EMPTY_PATH : 0)
        try name.withPathBytes { name throws(Errno) in
            let pointer = unsafe name.pointer
            _ = try check { unsafe fchownat(directory, pointer, account.uid, account.gid, flags) }
        }
    }

    private func status(of name: [UInt8], in directory: borrowing Descriptor) throws(Errno) -> stat {
        let number = directory.rawValue
        return try name.withPathBytes { name throws(Errno) in
            var status = stat()
            let pointer = unsafe name.pointer
            _ = try check { unsafe fstatat(number, pointer, &status, pinfold_AT_SYMLINK_NOFOLLOW) }
            return status
        }
    }
}
