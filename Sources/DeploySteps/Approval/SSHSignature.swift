internal import CLinux
package import DeployModel
internal import LinuxSystem
internal import SystemPackage

/// Whose key an SSH signature of an answer was made with, as OpenSSH says.
/// See: man 1 ssh-keygen, `-Y verify`
package enum SSHSignature {
    package static let program = "/usr/bin/ssh-keygen"
    /// The largest that is looked at, in bytes: those of the longest RSA keys are about 3 KiB.
    private static let limit = 16 << 10
    private static let milliseconds: Int32 = 10_000

    /// - Throws: `.forbidden` where it is nobody's of the policy, or does not fit the text.
    package static func signer(
        of text: String, _ signature: String, by policy: ApprovalPolicy, at now: DeployModel.Timestamp
    ) throws(DeployError) -> (person: ApprovalPolicy.Person, key: SSHKey) {
        guard signature.utf8.count <= limit, signature.hasPrefix("-----BEGIN SSH SIGNATURE-----") else {
            throw .usage("the signature is not one of 'ssh-keygen -Y sign': it begins with -----BEGIN SSH SIGNATURE-----")
        }
        // Each key under a name of its own: which one it was is told too.
        let keys = policy.people.flatMap { person in person.keys.map { (person, $0) } }
        let lines = keys.enumerated().map { "signer-\($0.offset) namespaces=\"\(AnswerText.namespace)\" \($0.element.1.line)\n" }
        let found = try run(["-Y", "find-principals"], signature, lines)
        let principal = found.output.split(separator: "\n").first.map(String.init) ?? ""
        guard found.status.isSuccess, principal.hasPrefix("signer-"), let index = Int(principal.dropFirst("signer-".count)),
            keys.indices.contains(index)
        else {
            throw .forbidden(
                "the signature was made with a key that is nobody's in the approval policy: `pinfold policy` lists keys")
        }
        let (person, key) = keys[index]
        if let expired = key.objection(at: now) { throw .forbidden(expired) }
        let verified = try run(["-Y", "verify", "-I", principal, "-n", AnswerText.namespace], signature, lines, text)
        guard verified.status.isSuccess else {
            throw .forbidden(
                "the signature by \(person.name)'s key is not of this answer: another commit, policy, decision or reason was signed, it was changed, or an answer has become void since; review again, and sign what --text prints now"
            )
        }
        return (person, key)
    }

    private static func run(
        _ arguments: [String], _ signature: String, _ lines: [String], _ text: String = ""
    ) throws(DeployError) -> (status: ExitStatus, output: String, errors: String) {
        do throws(Errno) {
            let signers = try inMemory("signers", lines.joined())
            let file = try inMemory("signature", signature)
            return try capture(
                program, arguments + ["-f", "/proc/self/fd/3", "-s", "/proc/self/fd/4"], input: text.utf8,
                descriptors: [3: signers.rawValue, 4: file.rawValue], environment: ["PATH=/usr/bin:/bin", "LC_ALL=C"],
                milliseconds: milliseconds)
        } catch .noSuchFileOrDirectory {
            throw .refused("signatures are checked by \(program), which is not there: install openssh-client")
        } catch {
            throw .broken("\(program): \(error)")
        }
    }

    private static func inMemory(_ name: String, _ text: String) throws(Errno) -> Descriptor {
        let file = Descriptor(owning: try check { unsafe pinfold_memfd_create(name) })
        let (number, bytes) = (file.rawValue, Array(text.utf8))
        guard try check({ unsafe pwrite(number, bytes, bytes.count, 0) }) == bytes.count else { throw Errno.noSpace }
        return file
    }
}
