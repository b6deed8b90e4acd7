internal import LinuxSystem
internal import SystemPackage

/// The directory in which each process of the server has its socket, `PID.sock`. Whoever may write in it is the server's user, and so a stranger.
struct SocketDirectory {
    /// More processes than that are no server that anybody asks one by one.
    static let most = 256

    let path: String
    /// Whom the agent's own programs run as: never a process of the server.
    let agent: UInt32

    /// A connection to each process that listens. Sockets whose process is gone are passed over; anything else that is not as it should be is a
    /// refusal, because every process has to agree.
    func connect() throws(ReloadRefusal) -> [ServerProcess] {
        do {
            let directory = try Descriptor.open(path, [.path, .directory, .noFollow])
            let status = try directory.status()
            guard status.mode & 0o002 == 0 else {
                throw ReloadRefusal(
                    "\(path) can be written by everybody (AGENT_DEPLOY_RELOAD_SOCKET): take that right away (chmod o-w)")
            }
            let names = try names(in: directory)
            var found: [ServerProcess] = []
            for name in names.sorted() {
                if let process = try process(name, in: directory, of: status.owner) { found.append(process) }
            }
            return found
        } catch let refusal as ReloadRefusal {
            throw refusal
        } catch let error as Errno where error == .noSuchFileOrDirectory {
            return []
        } catch {
            throw ReloadRefusal("\(path) cannot be looked into (AGENT_DEPLOY_RELOAD_SOCKET): \(error)")
        }
    }

    private func names(in directory: borrowing Descriptor) throws -> [String] {
        let readable = try directory.reopen([.readOnly, .directory])
        let reader = DirectoryReader()
        var names: [String] = []
        var seen = 0
        try reader.read(readable, from: 0) { entry throws(Errno) in
            let name = String(decoding: entry.name.array, as: UTF8.self)
            if name.hasSuffix(".sock"), Int32(name.dropLast(5)) != nil { names.append(name) }
            seen += 1
            return names.count <= Self.most && seen <= 100 * Self.most
        }
        guard names.count <= Self.most, seen <= 100 * Self.most else {
            throw ReloadRefusal("\(path) holds more than \(Self.most) sockets (AGENT_DEPLOY_RELOAD_SOCKET)")
        }
        return names
    }

    /// nil where nobody listens any more.
    private func process(
        _ name: String, in directory: borrowing Descriptor, of owner: UInt32
    ) throws(ReloadRefusal) -> ServerProcess? {
        let shown = "\(path)/\(name)"
        do {
            let socket = try directory.open(name, [.path, .noFollow])
            let status = try socket.status()
            guard status.kind == .socket else {
                throw ReloadRefusal(
                    "\(shown) is a \(status.kind == .symbolicLink ? "symbolic link" : "\(status.kind)"), not a socket")
            }
            // Into a directory of root's only those write whom root lets; in another one all is its owner's.
            guard status.owner == owner || owner == 0, status.owner != agent else {
                throw ReloadRefusal("\(shown) belongs to uid \(status.owner), who is not the server's user")
            }
            // By the inode that was looked at, whatever has the name by now.
            let stream = try UnixStream(connectingTo: "/proc/self/fd/\(socket.rawValue)", patience: 1)
            let peer = try stream.peer
            guard peer.userID == status.owner else {
                throw ReloadRefusal("\(shown) belongs to uid \(status.owner), and uid \(peer.userID) listens there")
            }
            return ServerProcess(name, stream)
        } catch let refusal as ReloadRefusal {
            throw refusal
        } catch let error as Errno where error == .connectionRefused || error == .noSuchFileOrDirectory {
            return nil
        } catch {
            throw ReloadRefusal("\(shown) does not answer: \(error)")
        }
    }
}
