internal import AdminInterface
internal import DeployModel
internal import DeploySteps
internal import Foundation
internal import LinuxSystem
internal import PlainText
internal import QuietTasks

/// Who answers, proven before the loop hears of it.
extension DeployService {
    /// For a signature, whose key it was made with, over exactly what waits now; else the kernel's word.
    func claim(
        _ verdict: PersonAnswer.Verdict, _ commit: String, _ request: AnswerRequest, by caller: Caller
    ) async throws(DeployError) -> AnswerClaim {
        guard request.signature != nil || request.passkey != nil else {
            guard caller.role == .admin else { throw .forbidden("an answer that nobody has signed is the admin's alone") }
            return .peer(tree: request.expectedTree, shown: request.surfaceDigest)
        }
        guard request.signature == nil || request.passkey == nil else {
            throw .usage("an answer is signed with an SSH key or with a passkey, not with both")
        }
        let policy: ApprovalPolicy
        do {
            policy = try settings.policy.read().get()
        } catch {
            throw .refused("no signature counts while the approval policy cannot be read: \(error)")
        }
        let (waiting, now) = (try store.read { try $0.open() }.first(where: \.waitsForHuman), Clock.now)
        guard let waiting, CommitPrefix(commit)?.names(waiting.commit.hex) == true,
            let text = AnswerText(verdict, on: waiting, by: policy, at: now, reason: request.reason)
        else { throw .refused("\(commit.plain()) does not wait for an answer") }
        if let tree = request.expectedTree, tree != waiting.tree { throw .refused("the commit moved: review again") }
        if let shown = request.surfaceDigest, shown != waiting.shown {
            throw .refused("what is asked has changed since you looked: review again")
        }
        do {
            var claim = try await proof(of: text.text, request, policy, now)
            (claim.policy, claim.tree, claim.shown, claim.voided) = (text.policy, text.tree, text.shown, text.voided)
            return claim
        } catch {
            record(
                Event(
                    at: Clock.now, who: caller.description, what: "\(verdict.rawValue) \(waiting.commit) with a signature",
                    outcome: "refused: \(error.message)"))
            throw error
        }
    }

    private func proof(
        of text: String, _ request: AnswerRequest, _ policy: ApprovalPolicy, _ now: Timestamp
    ) async throws(DeployError) -> AnswerClaim {
        if let passkey = request.passkey {
            let signer = try PasskeySignature.signer(of: text, passkey, by: policy, at: now)
            // Whole, so that it can be looked at again.
            let record = (try? DeployJSON.encode(passkey)).map { String(decoding: $0, as: UTF8.self) }
            return AnswerClaim(
                person: signer.person.name, proof: .passkey, key: signer.passkey.label, signature: record)
        }
        let signature = request.signature ?? ""
        let signer = try await offPool { try SSHSignature.signer(of: text, signature, by: policy, at: now) }
        return AnswerClaim(person: signer.person.name, proof: .sshsig, key: signer.key.label, signature: signature)
    }
}
