internal import AdminInterface
internal import CLinux
internal import CommandLineSupport
internal import DeployModel
internal import LinuxSystem
internal import PinfoldConfiguration

/// What `doctor` says inside the view: whether what the agent works with is there. The machine is the admin's, and cannot be tried from in here.
struct InsideReport: Codable, Sendable {
    let healthy: Bool
    let checks: [Check]

    init(_ options: ConfigurationOptions) throws(CommandFailure) {
        let configuration = try options.load()
        var checks = [
            Check(
                "the view", .ok,
                "this is inside 'pinfold run': all is read-only but what follows, and these checks are about that alone")
        ]
        checks += [
            ("code-repo", configuration.zones.codeRepo), ("sandbox", configuration.zones.sandbox), ("temporary files", "/tmp"),
        ].map(Self.writable)
        let guide = AgentGuide.path(configuration)
        if unsafe access(guide, R_OK) == 0 { checks.append(Check("what you can do", .ok, "\(guide) says it")) }
        checks += Self.daemon(try DaemonConnection(inside: options), configuration)
        healthy = !checks.contains { $0.state == .failed }
        self.checks = checks
    }

    func show(asJSON: Bool) throws {
        if asJSON { try Terminal.say(json: self) } else { Terminal.say(checks.map(\.lines).joined(separator: "\n")) }
        guard healthy else {
            let failed = checks.filter { $0.state == .failed }.map(\.name)
            throw CommandFailure(.notDone, "\(failed.count) of \(checks.count) checks failed: \(failed.joined(separator: ", "))")
        }
    }

    private static func writable(_ name: String, _ path: String) -> Check {
        if unsafe faccessat(AT_FDCWD, path, W_OK | X_OK, AT_EACCESS) == 0 { return Check(name, .ok, "\(path) is writable") }
        return Check(
            name, .failed, "\(path) cannot be written: \(errorName(pinfold_errno()))",
            advice: "'pinfold why --write \(path)' says why")
    }

    private static func daemon(_ daemon: DaemonConnection, _ configuration: Configuration) -> [Check] {
        let workspace: Workspace
        let status: StatusDocument
        do {
            workspace = try daemon.ask(.workspace)
            status = try daemon.ask(.status)
        } catch {
            return [Check("the deploy daemon", .failed, error.message)]
        }
        let now = status.current.map { "\($0.title) is \($0.state.words)" } ?? "nothing is under way"
        var checks = [Check("the deploy daemon", .ok, "it answers; \(now)")]
        if let branch = workspace.branch {
            let head = String(
                decoding: (try? readWholeFile(configuration.zones.codeRepo + "/.git/HEAD").prefix(4096)) ?? [], as: UTF8.self)
            let isOut = head.split(whereSeparator: \.isWhitespace).joined(separator: " ") == "ref: refs/heads/\(branch)"
            checks.append(
                isOut
                    ? Check("the branch", .ok, "\(branch), which deploys, is checked out")
                    : Check(
                        "the branch", .limited, "\(branch) deploys, and is not what is checked out",
                        advice: "git checkout \(branch)"))
        }
        let tests = workspace.testCommand.map { "by '\($0)'" } ?? "by the command that fits the kind of project"
        checks.append(Check("the tests", .ok, "\(tests), within \(workspace.testTimeoutSeconds) s"))
        return checks
    }
}
