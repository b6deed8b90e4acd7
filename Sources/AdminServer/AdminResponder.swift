package import AdminInterface
internal import HTTPTypes
package import Hummingbird
internal import HummingbirdCore
internal import Logging
internal import NIOCore

/// One door's answers to requests: the same whether they come over a socket or from a test without one.
///
/// Both doors have every route, so that what is refused is refused in words and put on record.
package func buildResponder(
    _ service: any DeployServing, door: any Door, rules: any ViewRules
) -> some HTTPResponder<AdminContext> {
    let router = Router(context: AdminContext.self)
    let refusals = RefusalRecord(service)
    let harness = Harness(service: service, door: door, refusals: refusals, rules: rules)
    router.add(middleware: ProblemMiddleware())
    router.add(middleware: Admission(door: door, refusals: refusals))
    for route in Route.allCases {
        let method: HTTPRequest.Method = route.method == .get ? .get : .post
        router.on(RouterPath(route.path), method: method) { request, context in
            try await harness.respond(to: route, request, context)
        }
    }
    return router.buildResponder()
}

/// Answers what comes over a connection.
///
/// The library's own application would do it too, and wake the process every second for the time of day: it keeps that at hand for the
/// header `Date`, asked or not. Here it is computed when there is an answer.
func answering(_ responder: some HTTPResponder<AdminContext>, logger: Logger) -> HTTPChannelHandler.Responder {
    { request, writer, channel in
        var logger = logger
        logger[metadataKey: "request"] = .stringConvertible(RequestID())
        let context = AdminContext(source: ApplicationRequestContextSource(channel: channel, logger: logger))
        var response: Response
        do {
            response = try await responder.respond(to: request, context: context)
        } catch {
            // Only a problem that cannot be put into words comes here: `ProblemMiddleware` answers everything else that is thrown.
            logger.error("a request failed: \(error)")
            response = Response(status: .internalServerError)
        }
        response.headers[.date] = WallClock.header
        // Nothing of the request is read from here on that could be malformed. What a streamed body throws ends the connection in the middle of the answer.
        try await writer.write(response: response.head, body: response.body)
    }
}
