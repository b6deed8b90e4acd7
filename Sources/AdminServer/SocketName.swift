internal import CLinux
internal import LinuxSystem
internal import SystemPackage

/// The directory and the name of a socket that this process listens on: who can reach it is settled before it exists.
final class SocketName: Sendable {
    let path: String
    private let directory: Descriptor
    private let name: String

    /// Makes the directory, or takes the one that is there if it is this user's own, and clears a dead daemon's socket away.
    ///
    /// Two daemons cannot be in here at once: the service has taken the lock of the data root before.
    /// - Parameter mode: of the directory: 0700 keeps everybody else from even looking, 0711 and 0755 let others come as far as the socket.
    init(preparing path: String, directoryMode mode: UInt32) throws(AdminServerError) {
        guard path.hasPrefix("/"), let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")), slash != path.startIndex else {
            throw AdminServerError("'\(path)' is no absolute path of a socket")
        }
        let parent = String(path[..<slash])
        let name = String(path[path.utf8.index(after: slash)...])
        let directory: Descriptor
        do {
            do { _ = try check { unsafe mkdir(parent, mode) } } catch .fileExists {}
            directory = try Descriptor.open(parent, [.readOnly, .directory, .noFollow])
        } catch {
            throw AdminServerError("the directory of the socket \(path) cannot be made or opened: \(error)")
        }
        try Self.secure(directory.rawValue, parent, mode)
        try Self.clear(directory.rawValue, name, path)
        self.path = path
        self.name = name
        self.directory = directory
    }

    /// Whoever else owns the directory could put a socket of their own in place of this one.
    private static func secure(_ directory: Int32, _ path: String, _ mode: UInt32) throws(AdminServerError) {
        do {
            var information = stat()
            _ = try check { unsafe fstat(directory, &information) }
            guard information.st_uid == geteuid() else {
                throw AdminServerError(
                    "\(path) belongs to uid \(information.st_uid), not to this daemon's user, uid \(geteuid()); remove it or give it back"
                )
            }
            // mkdir's mode went through the umask.
            _ = try check { fchmod(directory, mode) }
        } catch let error as AdminServerError {
            throw error
        } catch {
            throw AdminServerError("the access to \(path) cannot be set: \(error)")
        }
    }

    private static func clear(_ directory: Int32, _ name: String, _ path: String) throws(AdminServerError) {
        var information = stat()
        do {
            _ = try check { unsafe fstatat(directory, name, &information, pinfold_AT_SYMLINK_NOFOLLOW) }
        } catch .noSuchFileOrDirectory {
            return
        } catch {
            throw AdminServerError("\(path) cannot be looked at: \(error)")
        }
        guard information.st_mode & UInt32(S_IFMT) == UInt32(S_IFSOCK) else {
            throw AdminServerError("\(path) is there and is no socket; move it away")
        }
        do {
            _ = try UnixStream(connectingTo: path, patience: 2)
        } catch .connectionRefused {
            // Nobody listens: a daemon that was killed left it.
            unsafe unlinkat(directory, name, 0)
            return
        } catch {}
        throw AdminServerError("another daemon answers at \(path); stop it first")
    }

    /// Lets the members of `group` connect, beside the owner. Until then the umask keeps others away.
    func open(toGroup group: UInt32) throws(Errno) {
        let raw = directory.rawValue
        let name = name
        do {
            _ = try check { unsafe fchownat(raw, name, UInt32.max, group, 0) }
            _ = try check { unsafe fchmodat(raw, name, 0o660, 0) }
        } catch  where [.notPermitted, .invalidArgument].contains(error) {
            // A daemon that is not root cannot give its socket to a group that it is not in, nor one in a container to a group that is not
            // there: then everybody may knock, and a stranger is turned away by the kernel's word about who they are.
            _ = try check { unsafe fchmodat(raw, name, 0o666, 0) }
        }
    }

    /// Takes the socket away, so that a client hears at once that there is no daemon.
    func remove() {
        unsafe unlinkat(directory.rawValue, name, 0)
    }
}
