internal import AdminInterface
internal import DeployModel
internal import Hummingbird
internal import HummingbirdCore
internal import NIOCore

/// Deployments: what is known of them, their output and their change.
extension Harness {
    /// The largest change that is sent as a diff.
    static let diffLimit = 32 << 20
    /// How much of it is written at a time.
    private static let pieceBytes = 64 << 10

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
        let next = found.count == limit ? found.last.map(\.id).flatMap { $0 > 1 ? $0 : nil } : nil
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

    func diff(_ asked: Asked) async throws -> Response {
        let id = try asked.deployment()
        let base = try asked.query.value(Query.against, "deployed, approved or a deployment's number", DiffBase.init) ?? .deployed
        let isAgent = asked.caller.role == .agent
        guard !isAgent || comparing.enter() else {
            throw Problem(.busy, "a change is being compared for the agent already; try again when that has been answered")
        }
        defer { if isAgent { comparing.leave() } }
        let bytes = try await service.diff(id, against: base)
        guard bytes.count <= Self.diffLimit else {
            throw Problem(
                .tooLarge,
                "the change of deployment \(id) is \(bytes.count >> 20) MiB as a diff; look at it with git in deployments/repo.git")
        }
        // In pieces, each written when the one before is on its way: whoever reads slowly has no second copy of it kept for them.
        return .stream("application/octet-stream", length: bytes.count) { body in
            var rest = bytes[...]
            while !rest.isEmpty {
                try await body.write(ByteBuffer(bytes: rest.prefix(Self.pieceBytes)))
                rest = rest.dropFirst(Self.pieceBytes)
            }
        }
    }
}
