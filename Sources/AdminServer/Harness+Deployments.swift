internal import AdminInterface
internal import DeployModel
internal import Hummingbird
internal import HummingbirdCore

/// Deployments: what is known of them, and their output.
extension Harness {
    func settled(_ asked: Asked) async throws -> Response {
        try .json(asked.caller.sees(try await service.settled(try asked.deployment(), withinMilliseconds: asked.wait * 1000)))
    }

    func history(_ asked: Asked) throws -> Response {
        let limit = asked.caller.gets(try asked.query.number(Query.limit, in: 1...Query.mostEntries) ?? 50)
        let state = try asked.query.value(
            Query.state, "one of \(DeploymentState.allCases.map(\.rawValue).joined(separator: ", "))",
            DeploymentState.init(rawValue:))
        let found = try service.history(
            limit: limit, before: try asked.query.number(Query.before, in: 1...Int.max), state: state)
        // Fewer than were asked for are no sign of the end: an answer is bounded in bytes as well.
        let next = try found.last.flatMap { try service.history(limit: 1, before: $0.id, state: state).isEmpty ? nil : $0.id }
        return try .json(HistoryPage(deployments: found.map(asked.caller.sees), next: next))
    }

    func show(_ asked: Asked) throws -> Response { try .json(asked.caller.sees(try service.show(try asked.deployment()))) }

    func log(_ asked: Asked) async throws -> Response {
        let id = try asked.deployment()
        let from = try asked.query.number(Query.from, in: 0...Int.max) ?? 0
        let limit = try asked.query.number(Query.limit, in: 1...Query.longestOutput) ?? Query.longestOutput
        let deadline = ContinuousClock.now + .seconds(asked.wait)
        while true {
            let revision = await service.change(after: 0, withinMilliseconds: 0)
            let page = try service.log(id, from: from, limit: limit)
            if !page.text.isEmpty || page.complete || ContinuousClock.now >= deadline { return try .json(page) }
            // Output is no change of the state, the end of it is.
            _ = await service.change(after: revision, withinMilliseconds: 200)
            try Task.checkCancellation()
        }
    }

    func tests(_ asked: Asked) throws -> Response {
        try .json(TestRuns(of: asked.caller.sees(try service.show(try asked.deployment()))))
    }
}
