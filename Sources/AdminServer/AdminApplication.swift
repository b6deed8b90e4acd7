internal import AdminInterface
internal import HTTPTypes
package import Hummingbird
package import HummingbirdCore
package import Logging
package import NIOCore

/// One door's application: the same whether it is served on a socket or tested without one.
///
/// Both doors have every route, so that what is refused is refused in words and put on record.
package func buildApplication(
    _ service: any DeployServing, door: Door, identify: @escaping Identify = identifyByKernel,
    configuration: ApplicationConfiguration = ApplicationConfiguration(), server: HTTPServerBuilder = .http1(),
    eventLoopGroup: any EventLoopGroup, onServerRunning: @escaping @Sendable (any Channel) async -> Void = { _ in }, logger: Logger
) -> some ApplicationProtocol {
    Application(
        router: buildRouter(service, door: door, identify: identify), server: server, configuration: configuration,
        onServerRunning: onServerRunning, eventLoopGroupProvider: .shared(eventLoopGroup), logger: logger)
}

private func buildRouter(_ service: any DeployServing, door: Door, identify: @escaping Identify) -> Router<AdminContext> {
    let router = Router(context: AdminContext.self)
    let refusals = RefusalRecord(service)
    let harness = Harness(service: service, door: door, refusals: refusals)
    router.add(middleware: ProblemMiddleware())
    router.add(middleware: Admission(door: door, identify: identify, refusals: refusals))
    for route in Route.allCases {
        let method: HTTPRequest.Method = route.method == .get ? .get : .post
        router.on(RouterPath(route.path), method: method) { request, context in
            try await harness.respond(to: route, request, context)
        }
    }
    return router
}
