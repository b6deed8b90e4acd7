internal import AdminInterface
internal import DeployModel
internal import HTTPTypes
internal import Hummingbird
internal import HummingbirdCore
internal import Logging

/// Turns whatever is thrown below it into a problem that a person can read and a program can tell apart.
struct ProblemMiddleware: RouterMiddleware {
    typealias Context = AdminContext

    func handle(
        _ request: Request, context: AdminContext, next: @concurrent (Request, AdminContext) async throws -> Response
    ) async throws -> Response {
        let problem: Problem
        /// What could have been asked there instead.
        var allowed: [Route.Method] = []
        do {
            return try await next(request, context)
        } catch let error as Problem {
            problem = error
        } catch let error as DeployError {
            problem = Problem(error)
        } catch let error as HTTPError {
            allowed = error.status == .notFound ? Route.methods(at: request.uri.path) : []
            problem =
                error.status == .notFound
                ? Problem(
                    .notFound,
                    "there is no \(request.method.rawValue) \(request.uri.path); the interface is described in Docs/openapi.json")
                : Problem(.usage, error.body ?? "\(error.status)")
        } catch is CancellationError {
            problem = Problem(.unavailable, "the daemon is stopping; what it had begun is on disk and goes on when it runs again")
        } catch {
            context.logger.error("a request failed: \(error)")
            problem = Problem(.broken, "the daemon failed at this: \(error)")
        }
        guard !allowed.isEmpty else {
            return try .json(problem, status: HTTPResponse.Status(code: problem.status), mediaType: Problem.mediaType)
        }
        var response = try Response.json(problem.with(status: 405), status: .methodNotAllowed, mediaType: Problem.mediaType)
        response.headers[.allow] = allowed.map(\.rawValue).joined(separator: ", ")
        return response
    }
}
