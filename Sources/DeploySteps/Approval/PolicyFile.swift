internal import CLinux
internal import Crypto
package import DeployModel
internal import LinuxSystem
internal import PlainText
internal import SystemPackage

/// The file that says who may answer, read anew at each answer and at the switch: root's, like the configuration that it lies beside.
package struct PolicyFile: Hashable, Sendable {
    /// nil: there is none, whatever lies on the disk.
    package let path: String?

    package init(_ path: String?) {
        self.path = path
    }

    /// Where it lies for a configuration in `directory`.
    package init(in directory: String) {
        path = directory + "/approval.policy"
    }

    /// More than any policy of people.
    private static let limit = 1 << 20

    /// The policy of this moment; where there is no file, that of root alone.
    package func read() -> Result<ApprovalPolicy, PolicyFault> {
        guard let path else { return .success(.rootAlone) }
        do throws(Errno) {
            let file = try Descriptor.open(path, [.readOnly, .nonBlocking, .noControllingTerminal])
            let status = try file.status()
            guard status.kind == .regular else { return .failure(PolicyFault(line: 0, "\(path) is not a file")) }
            // Who may write here decides what is deployed.
            guard status.owner == geteuid(), status.mode & 0o022 == 0 else {
                return .failure(PolicyFault(line: 0, "\(path) has to be root's, and nobody else's to write: chown root, chmod 644"))
            }
        } catch .noSuchFileOrDirectory {
            return .success(.rootAlone)
        } catch {
            return .failure(PolicyFault(line: 0, "\(path) cannot be read: \(error)"))
        }
        let bytes: [UInt8]
        do {
            bytes = try SmallFile.read(path, limit: Self.limit)
        } catch {
            return .failure(PolicyFault(line: 0, "\(path) \(error)"))
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            return .failure(PolicyFault(line: 0, "\(path) is not UTF-8"))
        }
        do throws(PolicyFault) {
            let digest = SHA256.hash(data: Array(ApprovalPolicy.meaning(of: text).utf8))
            return .success(try ApprovalPolicy(parsing: text, digest: Hexadecimal.text(Array(digest))))
        } catch {
            return .failure(
                PolicyFault(line: error.line, error.line > 0 ? "\(error.reason) (\(path))" : "\(path): \(error.reason)"))
        }
    }
}

extension Deployment {
    /// The digest of what whoever answers is shown: what may change between two looks at the same commit.
    var shownDigest: String {
        var lines = ["tree \(tree ?? "")", "base \(base?.hex ?? "none")"] + approvalReasons.map { "why \($0.rawValue)" }
        lines += surface.map { "surface \($0)" } + (hints?.lines ?? []).map { "hint \($0)" }
        lines += (standIns?.new ?? []).map { "stand-in \($0)" } + (client?.newHosts ?? []).map { "host \($0)" }
        if let change = client?.serviceWorker { lines.append("service worker \(change.rawValue)") }
        for run in [verdict, verdictWithDeployedSurface] {
            guard let run else { continue }
            lines.append("tests \(run.passed) \(run.passedCount) \(run.failedCount) \(run.skippedCount) \(run.vanishedCount)")
            lines += run.failed.map { "failed \($0)" } + run.vanished.map { "gone \($0)" }
        }
        if let bite { lines += ["bite \(bite.sentence)"] + bite.numb.map { "numb \($0)" } }
        return Hexadecimal.text(Array(SHA256.hash(data: Array(lines.map { $0.plain() }.joined(separator: "\n").utf8))))
    }
}
