internal import AdminInterface
internal import DeployModel
internal import Hummingbird
internal import HummingbirdCore
internal import LinuxSystem

/// The seed's deploy action.
extension Harness {
    func deploy(_ asked: Asked) async throws -> Response {
        let input = try await asked.body(as: DeployAgentCodeInput.self)
        let request = DeployActionRequest(
            commitMessage: input.commitMessage, forceDeploy: input.forceDeploy ?? false,
            forceReason: input.forceReason)
        if let message = request.commitMessage {
            try Asked.require(message, "commit_message", orSay: "a commit needs a message that is not empty")
        }
        let caller = asked.caller
        guard caller.role == .agent else { return try .json(try await service.deploy(request, by: caller)) }
        if request.forceDeploy {
            refusals.note(
                who: "\(caller)", what: "deploy with force from the agent's socket", outcome: "refused: force is the admin's alone")
            throw Problem(
                .forbidden,
                "force skips the human's approval and is the admin's alone; nothing was committed; deploy without it, and a human is asked where one is needed"
            )
        }
        guard underWay.enter() else {
            throw Problem(.busy, "a deploy action of the agent is under way already; try again when it has been answered")
        }
        defer { underWay.leave() }
        return try .json(caller.sees(try await service.deploy(request, by: caller)))
    }
}
