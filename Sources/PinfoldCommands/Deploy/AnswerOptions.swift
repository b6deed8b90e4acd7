internal import AdminInterface
internal import ArgumentParser
internal import CommandLineSupport
internal import DeployModel
internal import LinuxSystem
internal import PlainText
internal import SystemPackage

/// How somebody proves who they are when they answer: not at all (root, by the kernel's word), or by a signature of what they answer.
struct AnswerOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Answer as the person of the approval policy whose SSH key this is: a private key, or a public one that ssh-agent has the private one of.",
            valueName: "key"))
    var sign: String?

    @Option(
        help: ArgumentHelp("Answer by a signature that was made elsewhere of what --text prints.", valueName: "file"))
    var signature: String?

    @Flag(help: "Print what has to be signed (ssh-keygen -Y sign -n pinfold-answer -f KEY), and answer nothing.")
    var text = false

    mutating func validate() throws {
        guard [sign != nil, signature != nil, text].count(where: \.self) <= 1 else {
            throw ValidationError("of --sign, --signature and --text only one can be given")
        }
    }

    /// What is sent, for exactly what waits at this moment; nil where the text was printed and nothing is to be sent.
    func request(
        _ verdict: PersonAnswer.Verdict, _ commit: CommitName, reason: String? = nil, to daemon: DaemonConnection
    ) throws -> AnswerRequest? {
        guard sign != nil || signature != nil || text else { return AnswerRequest(reason: reason) }
        let status: StatusDocument = try daemon.ask(.status)
        guard let waiting = status.waiting, commit.prefix.names(waiting.commit.hex) else {
            throw CommandFailure(
                .notDone,
                status.waiting.map { "\(commit.prefix) does not wait for an answer; \($0.commit) does" }
                    ?? "no commit waits for an answer")
        }
        guard let answer = AnswerText(verdict, on: waiting, reason: reason) else {
            throw CommandFailure(
                .notDone, "the daemon does not say what is to be signed: it is older than this command, or takes you for the agent")
        }
        if text {
            Terminal.write(answer.text, to: 1)
            return nil
        }
        return AnswerRequest(
            reason: reason, expectedTree: waiting.tree, surfaceDigest: waiting.approval?.surfaceDigest,
            signature: try proof(of: answer))
    }

    private func proof(of answer: AnswerText) throws(CommandFailure) -> String {
        if let signature {
            do {
                return String(decoding: try SmallFile.read(signature, limit: 64 << 10), as: UTF8.self)
            } catch {
                throw CommandFailure(.usage, "the signature \(signature.plain()) \(error)")
            }
        }
        let key = sign ?? ""
        let result: (status: ExitStatus, output: String, errors: String)
        do {
            result = try capture("ssh-keygen", ["-Y", "sign", "-n", AnswerText.namespace, "-f", key], input: answer.text.utf8)
        } catch {
            throw CommandFailure(.notDone, "ssh-keygen, which signs, cannot be started: \(error); install openssh-client")
        }
        guard result.status.isSuccess else {
            let said = result.errors.split(separator: "\n").last.map(String.init) ?? "it said nothing"
            throw CommandFailure(.notDone, "ssh-keygen did not sign with \(key.plain()): \(said.plain())")
        }
        return result.output
    }
}

extension DaemonConnection {
    /// What an answer has come to, in a line.
    func outcome(of deployment: Deployment) throws(CommandFailure) -> String {
        if let approval = deployment.approval {
            return "approved \(deployment.commit.short) by \(approval.by.plain()); \(deployment.title) goes on: pinfold status"
        }
        let status: StatusDocument = try ask(.status)
        guard status.waiting?.deployment == deployment.id, let words = status.waiting?.approval?.words else {
            return "recorded for \(deployment.commit.short): pinfold show \(deployment.id)"
        }
        return "recorded for \(deployment.commit.short), which waits for more: \(words.joined(separator: "; ").plain())"
    }
}
