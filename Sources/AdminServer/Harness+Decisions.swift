internal import AdminInterface
internal import DeployModel
internal import Hummingbird
internal import HummingbirdCore

/// What the admin decides.
extension Harness {
    func approve(_ asked: Asked) async throws -> Response {
        try .json(try await service.approve(try asked.commit(), by: asked.caller))
    }

    func reject(_ asked: Asked) async throws -> Response {
        let reason = try await asked.reason()
        return try .json(try await service.reject(try asked.commit(), reason: reason, by: asked.caller))
    }

    func lift(_ asked: Asked) async throws -> Response {
        try .json(try await service.lift(try asked.commit(), by: asked.caller))
    }

    func rollback(_ asked: Asked) async throws -> Response {
        let wanted = try await asked.body(as: RollbackRequest.self)
        return try .json(try await service.rollback(to: wanted.to, by: asked.caller))
    }

    func reload(_ asked: Asked) async throws -> Response { try .json(try await service.reload(by: asked.caller)) }

    func hold(_ asked: Asked) async throws -> Response {
        try .json(try await service.hold(reason: try await asked.reason(), by: asked.caller))
    }

    func resume(_ asked: Asked) async throws -> Response {
        try await service.resume(by: asked.caller)
        return try .json(Acknowledgement(message: "deployments go on"))
    }
}
