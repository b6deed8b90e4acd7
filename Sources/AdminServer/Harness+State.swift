internal import AdminInterface
internal import DeployModel
internal import Hummingbird
internal import HummingbirdCore
internal import NIOCore

/// The pipeline's state, what happened, and what judges the agent.
extension Harness {
    func status(_ asked: Asked) async throws -> Response {
        if let after = try asked.query.number(Query.after, in: -1...Int.max) {
            _ = await service.change(after: after, withinMilliseconds: asked.wait * 1000)
        }
        return try .json(asked.caller.sees(try service.status()))
    }

    /// Each new revision as it comes, as server-sent events. It ends in time, and whoever reads it asks again with the last one's id.
    /// See: WHATWG HTML, server-sent events
    func stream(_ asked: Asked) async throws -> Response {
        let known = asked.lastEvent ?? -1
        let deadline = ContinuousClock.now + .seconds(try asked.query.wait() ?? Query.longestWait)
        let service = service
        return .stream("text/event-stream") { body in
            try await body.write(ByteBuffer(string: "retry: \(Self.retry)\n\n"))
            var known = known
            while true {
                let left = ContinuousClock.now.duration(to: deadline)
                guard left > .zero, !Task.isCancelled else { return }
                // Rounded up: a wait of no milliseconds would be asked for again and again until the deadline's own has passed.
                let wait = min(Self.alive, Int((left / .milliseconds(1)).rounded(.up)))
                let revision = await service.change(after: known, withinMilliseconds: wait)
                // Another one and not a later one: what the reader knows may be another daemon's.
                let isNews = revision != known
                let news = isNews ? "id: \(revision)\nevent: status\ndata: {\"revision\":\(revision)}\n\n" : ": alive\n\n"
                known = revision
                try await body.write(ByteBuffer(string: news))
            }
        }
    }

    /// Milliseconds after which a reader asks again, and for how long nothing is said.
    private static let (retry, alive) = (2000, 10_000)

    func events(_ asked: Asked) throws -> Response {
        let limit = try asked.query.number(Query.limit, in: 1...Query.mostEntries) ?? 50
        return try .json(EventList(events: try service.events(limit: limit)))
    }

    func surface(_ asked: Asked) async throws -> Response {
        try .json(try await service.surface(of: try asked.query.text(Query.path)))
    }
}
