internal import CLinux
package import LinuxSystem
internal import SystemPackage

/// Where a trail takes in what `pinfold run` saw the kernel refuse in the view: a Unix socket that root alone may connect to.
///
/// Nothing here waits for a sender, and a sender never waits for this: what does not fit is counted by who could not send it.
package final class AuditInlet: Sendable {
    private let path: String
    private let bell: EventDescriptor
    private let ended: EventDescriptor

    /// How many may be connected at once: one for each agent that runs.
    private static let connections = 256
    /// Packets that are taken from one connection before the next has its turn.
    private static let turn = 64

    /// The socket, before anybody is served: made while the process has one thread.
    package struct Socket: ~Copyable, Sendable {
        fileprivate let listener: PacketSocket
        fileprivate let path: String

        /// - Parameter path: whoever calls this has the mountpoint's lock, so that a socket that is there is a dead daemon's.
        package init(path: String) throws(AuditError) {
            do throws(Errno) {
                unsafe unlink(path)
                listener = try PacketSocket(listeningAt: path, waiting: 64)
            } catch {
                throw AuditError("the socket \(path) cannot be made: \(error)")
            }
            self.path = path
        }

        /// The one that another process has made at `path`, and handed on.
        package init(adopting listener: consuming Descriptor, path: String) {
            self.listener = PacketSocket(listener)
            self.path = path
        }

        /// Valid only while this value lives.
        package var rawDescriptor: Int32 { listener.rawDescriptor }

        /// A daemon that does not come to serve leaves nothing behind.
        deinit { unsafe unlink(path) }
    }

    /// - Parameter connected: the connections that whoever served before has taken in; this one's are kept there.
    package init(_ socket: consuming Socket, trail: AuditTrail, connected: SharedNumbers? = nil) throws(AuditError) {
        path = socket.path
        do throws(Errno) {
            bell = try EventDescriptor()
            ended = try EventDescriptor()
            let intake = Intake(socket, trail, connected)
            _ = try SystemThread("audit-inlet") { [bell, ended] in
                intake.run(until: bell)
                ended.set()
            }
        } catch {
            throw AuditError("no thread for the audit record: \(error)")
        }
    }

    /// Takes in what was sent so far and ends; waits for that, ten seconds at most.
    package func stop() {
        unsafe unlink(path)
        bell.set()
        ended.wait(milliseconds: 10_000)
    }

    /// What the thread owns.
    private final class Intake: Sendable {
        private let socket: Socket
        private let trail: AuditTrail
        private let connected: SharedNumbers?

        init(_ socket: consuming Socket, _ trail: AuditTrail, _ connected: SharedNumbers?) {
            self.socket = socket
            self.trail = trail
            self.connected = connected
        }

        private final class Connection {
            let socket: PacketSocket
            private let connected: SharedNumbers?

            init(_ socket: consuming PacketSocket, _ connected: SharedNumbers?) {
                _ = connected?.keep(socket.rawDescriptor)
                self.socket = socket
                self.connected = connected
            }

            // Before it is closed, and its number another's.
            deinit { connected?.drop(socket.rawDescriptor) }
        }

        func run(until bell: EventDescriptor) {
            let before = connected?.all ?? []
            for number in before { connected?.drop(number) }
            var connections = before.map { Connection(PacketSocket(Descriptor(owning: $0)), connected) }
            while true {
                var entries = [
                    pollfd(fd: bell.rawValue, events: Int16(POLLIN), revents: 0),
                    // Nobody more is taken in where there is no room; they wait in the listener's queue.
                    pollfd(
                        fd: connections.count < AuditInlet.connections ? socket.listener.rawDescriptor : -1, events: Int16(POLLIN),
                        revents: 0),
                ]
                entries += connections.map { pollfd(fd: $0.socket.rawDescriptor, events: Int16(POLLIN), revents: 0) }
                _ = unsafe poll(&entries, nfds_t(entries.count), -1)
                var left: [Connection] = []
                for (connection, entry) in zip(connections, entries[2...])
                where entry.revents == 0 || take(connection, AuditInlet.turn) { left.append(connection) }
                if entries[1].revents != 0, let connection = accepted() { left.append(connection) }
                connections = left
                if entries[0].revents != 0 {
                    while let connection = accepted() { connections.append(connection) }
                    for connection in connections { _ = take(connection, 4096) }
                    return
                }
            }
        }

        /// The next one of root's: the socket's mode keeps others out already.
        private func accepted() -> Connection? {
            while let sender = try? socket.listener.accept() {
                if (try? sender.peer)?.userID == 0 { return Connection(sender, connected) }
            }
            return nil
        }

        /// Whether the connection goes on. What has not the form of a message ends it: it is not `pinfold run` that sends it.
        private func take(_ connection: Connection, _ most: Int) -> Bool {
            for _ in 0..<most {
                let packet: [UInt8]
                do throws(Errno) {
                    packet = try connection.socket.receive(atMost: AuditMessage.longest)
                } catch {
                    return error == .wouldBlock || error == .resourceTemporarilyUnavailable
                }
                switch AuditMessage(packet) {
                case .refused(let event): trail.record(event)
                case .dropped(let count): trail.recordDropped(count)
                case nil: return false
                }
            }
            return true
        }
    }
}
