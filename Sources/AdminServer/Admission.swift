internal import AdminInterface
internal import CLinux
internal import DeployModel
internal import HTTPTypes
internal import Hummingbird
internal import HummingbirdCore
package import LinuxSystem
package import NIOCore
internal import SystemPackage

/// Finds out who is at the other end of a connection.
package typealias Identify = @Sendable (any Channel) async throws -> PeerCredentials

/// Asks the kernel, as NIO lets it be asked (SO_PEERCRED, `man 7 unix`): the answer is fixed when the other end connects.
package let identifyByKernel: Identify = { channel in
    guard let provider = channel as? any SocketOptionProvider else { throw Errno.notSocket }
    let peer: ucred = try await provider.unsafeGetSocketOption(
        level: NIOBSDSocket.OptionLevel(rawValue: SOL_SOCKET), name: NIOBSDSocket.Option(rawValue: SO_PEERCRED)
    ).get()
    return PeerCredentials(processID: peer.pid, userID: peer.uid, groupID: peer.gid)
}

/// Lets in whom the door lets in; nobody whose name the kernel does not give.
struct Admission: RouterMiddleware {
    typealias Context = AdminContext

    let door: Door
    let identify: Identify
    let refusals: RefusalRecord

    func handle(
        _ request: Request, context: AdminContext, next: @concurrent (Request, AdminContext) async throws -> Response
    ) async throws -> Response {
        let peer: PeerCredentials
        do {
            peer = try await identify(context.channel)
        } catch {
            throw Problem(.forbidden, "it cannot be told who is asking: \(error)")
        }
        var context = context
        do {
            context.caller = try door.admit(peer)
        } catch {
            refusals.note(who: "uid \(peer.userID)", what: "used the \(door.role) socket", outcome: "refused: \(error.message)")
            throw error
        }
        return try await next(request, context)
    }
}
