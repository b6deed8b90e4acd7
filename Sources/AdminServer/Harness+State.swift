internal import AdminInterface
internal import DeployModel
internal import Hummingbird
internal import HummingbirdCore

/// The pipeline's state, what happened, and what judges the agent.
extension Harness {
    func status(_ asked: Asked) async throws -> Response {
        if let after = try asked.query.number(Query.after, in: -1...Int.max) {
            _ = await service.change(after: after, withinMilliseconds: asked.wait * 1000)
        }
        return try .json(asked.caller.sees(try service.status()))
    }

    func events(_ asked: Asked) throws -> Response {
        let limit = try asked.query.number(Query.limit, in: 1...Query.mostEntries) ?? 50
        return try .json(EventList(events: try service.events(limit: limit)))
    }

    func surface(_ asked: Asked) async throws -> Response {
        try .json(try await service.surface(of: try asked.query.text(Query.path)))
    }
}
