internal import AdminInterface
internal import DeployModel
internal import Hummingbird
internal import HummingbirdCore

/// What the admin decides.
extension Harness {
    func answer(_ verdict: PersonAnswer.Verdict, _ asked: Asked) async throws -> Response {
        // An approval needs no words.
        let request =
            if verdict == .reject { try await asked.body(as: AnswerRequest.self) } else {
                try await asked.body(orWhereEmpty: AnswerRequest())
            }
        do {
            try door.allow(request)
        } catch {
            refusals.note(
                who: "\(asked.caller)", what: "\(verdict.rawValue) without a passkey from \(door.name)",
                outcome: "refused: \(error.message)")
            throw error
        }
        if verdict == .reject { try Asked.require(request.reason ?? "", "reason", orSay: Asked.reasonIsMissing) }
        return try .json(try await service.answer(verdict, try asked.commit(), request, by: asked.caller))
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
