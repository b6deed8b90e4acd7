internal import AdminInterface
internal import DeployModel
internal import Hummingbird
internal import HummingbirdCore

/// Lets in whom the door lets in, and has who is turned away recorded.
struct Admission: RouterMiddleware {
    typealias Context = AdminContext

    let door: any Door
    let refusals: RefusalRecord

    func handle(
        _ request: Request, context: AdminContext, next: @concurrent (Request, AdminContext) async throws -> Response
    ) async throws -> Response {
        var context = context
        do throws(Turned) {
            context.caller = try await door.admit(request, over: context.channel)
        } catch {
            if let who = error.who {
                refusals.note(who: who, what: "used \(door.name)", outcome: "refused: \(error.problem.message)")
            }
            throw error.problem
        }
        return try await next(request, context)
    }
}
