internal import LinuxSystem
internal import SystemPackage

/// The other end of an `AuditInlet`: what `pinfold run` tells the gateway. Nothing here waits.
package final class AuditOutlet: Sendable {
    private let socket: PacketSocket
    /// What could not be told yet.
    private let dropped = Lock<UInt64>(0)

    /// nil where the gateway keeps no record. Every other failure is an error: a record that is kept must not be missed in silence.
    package static func connect(to path: String) throws(AuditError) -> AuditOutlet? {
        do throws(Errno) {
            return AuditOutlet(try PacketSocket(connectingTo: path))
        } catch {
            if error == .noSuchFileOrDirectory { return nil }
            throw AuditError("the gateway's record cannot be reached at \(path): \(error)")
        }
    }

    private init(_ socket: consuming PacketSocket) { self.socket = socket }

    /// Whether the gateway does not know yet of all that was dropped.
    package var owes: Bool { dropped.withLock { $0 > 0 } }

    /// Tells of a refusal, or counts it.
    package func tell(_ event: AuditEvent) {
        settle()
        do throws(Errno) { try socket.send(AuditMessage.refused(event).encoded) } catch { drop(1) }
    }

    /// Counts what was not even looked at.
    package func drop(_ count: UInt64) { dropped.withLock { $0 &+= count } }

    /// Tells how many are missing, where there is room for that.
    package func settle() {
        let count = dropped.withLock { dropped in
            let count = dropped
            dropped = 0
            return count
        }
        guard count > 0 else { return }
        do throws(Errno) { try socket.send(AuditMessage.dropped(count).encoded) } catch { drop(count) }
    }
}
