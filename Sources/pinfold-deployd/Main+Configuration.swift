internal import AdminServer
internal import CLinux
internal import CommandLineSupport
internal import DataRoot
internal import DeployModel
internal import DeploySteps
internal import Foundation
internal import LinuxSystem
internal import Patterns
internal import PinfoldConfiguration

extension Main {
    /// Everything that the daemon is started with.
    struct Start {
        let configuration: Configuration
        var pipeline: PipelineSettings
        let admin: AdminServer.Settings
        /// What it leaves for those that look for it, and where.
        let running: RunningSettings
        let runningFile: String
    }

    /// The directory of the configuration file, in which what belongs to it lies.
    private var besideConfiguration: String { Paths.absolute("..", from: options.file ?? SettingsOptions.defaultFile) }

    /// Prints how many people and rules the approval policy has, nothing where there is none, and then what is wrong with it, a line each; exit code 1
    /// where something is.
    func sayOfPolicy() throws {
        let file = PolicyFile(in: besideConfiguration)
        switch file.read() {
        case .failure(let fault): throw CommandFailure(.notDone, "\(fault)")
        case .success(.rootAlone): return
        case .success(let policy):
            for (rule, why) in policy.unmeetable(at: Clock.now) { throw CommandFailure(.notDone, "rule \(rule.name): \(why)") }
            if policy.people.contains(where: { !$0.keys.isEmpty }), unsafe access(SSHSignature.program, X_OK) != 0 {
                throw CommandFailure(
                    .notDone, "signatures are checked by \(SSHSignature.program), which is not there: install openssh-client")
            }
            print("\(file.path ?? ""): \(policy.people.count) people, \(policy.rules.count) rules")
        }
    }

    /// The admin's decisions as the pipeline's and the server's values, or exit code 2.
    func load() throws -> Start {
        guard geteuid() == 0 else {
            throw CommandFailure(.usage, "only root can run the deploy daemon, which acts as the agent's user; run it with sudo")
        }
        let overrides = try options.overrides()
        let directory = workingDirectory()
        let file = options.file
        let beside = besideConfiguration
        do throws(ConfigurationError) {
            let configuration = try options.read(overrides)
            if case .failure(let fault) = PolicyFile(in: beside).read() {
                throw ConfigurationError(variable: nil, reason: "the approval policy cannot be used: \(fault)")
            }
            return try start(configuration, RunningSettings(configuration, file: file, workingDirectory: directory), beside)
        } catch {
            // What a daemon that died was in the middle of is brought to its end, by the settings that it had.
            let named = try overrides["AGENT_DATA_ROOT"] ?? SettingsOptions.environment()["AGENT_DATA_ROOT"]
            let asked = named.map { Paths.absolute($0, from: directory) }
            let dead = RunningSettings.all(of: .deployDaemon, from: file).compactMap { running in
                (try? running.configuration()).map { (running, $0) }
            }.filter { asked == nil || asked == $0.1.data.path }
            guard dead.count == 1, error.variable.map({ overrides[$0] == nil }) ?? true,
                var start = try? start(dead[0].1, dead[0].0, beside)
            else { throw CommandFailure(error) }
            Terminal.complain(
                "warning: \(error); going on with the settings of the daemon that has died at \(dead[0].1.data.path): what it was in the middle of "
                    + "is brought to its end, nothing new is deployed", of: Self.program)
            start.pipeline.configurationFault = "\(error)"
            return start
        }
    }

    /// - Parameter beside: the directory in which the configuration file lies, and what belongs to it.
    private func start(_ configuration: Configuration, _ running: RunningSettings, _ beside: String) throws(ConfigurationError)
        -> Start
    {
        let agent = try configuration.agent.account()
        let data = configuration.data
        var isDirectory: ObjCBool = false
        guard unsafe FileManager.default.fileExists(atPath: data.deployments, isDirectory: &isDirectory), isDirectory.boolValue
        else {
            throw ConfigurationError(
                variable: "AGENT_DATA_ROOT", value: data.path, reason: "nothing is set up there; run 'pinfold init' first")
        }
        var pipeline: PipelineSettings
        do throws(GlobError) {
            pipeline = try PipelineSettings(
                configuration.deploy, data: data, codeRepo: configuration.zones.codeRepo, agentUID: agent.uid, agentGID: agent.gid)
        } catch {
            throw ConfigurationError(variable: "AGENT_DEPLOY_TEST_SURFACE", reason: "\(error)")
        }
        pipeline.agentName = agent.name
        pipeline.hide = configuration.resolvingSymbolicLinks().view.hide
        pipeline.push.keys = RemoteKeys(in: beside)
        pipeline.policy = PolicyFile(in: beside)
        return Start(
            configuration: configuration, pipeline: pipeline,
            admin: AdminServer.Settings(
                adminSocket: data.adminSocket, reviewSocket: data.reviewSocket, agentSocket: data.agentSocket,
                agentUserID: agent.uid, agentGroupID: agent.gid),
            running: running, runningFile: RunningSettings.file(of: .deployDaemon, at: data.path))
    }
}
