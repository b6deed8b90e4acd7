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

    /// The admin's decisions as the pipeline's and the server's values, or exit code 2.
    func load() throws -> Start {
        guard geteuid() == 0 else {
            throw CommandFailure(.usage, "only root can run the deploy daemon, which acts as the agent's user; run it with sudo")
        }
        let overrides = try options.overrides()
        let directory = workingDirectory()
        let file = options.file
        let keys = RemoteKeys(in: Paths.absolute("..", from: file ?? SettingsOptions.defaultFile))
        do throws(ConfigurationError) {
            let configuration = try options.read(overrides)
            return try start(configuration, RunningSettings(configuration, file: file, workingDirectory: directory), keys)
        } catch {
            // What a daemon that died was in the middle of is brought to its end, by the settings that it had.
            let named = overrides["AGENT_DATA_ROOT"] ?? SettingsOptions.environment()["AGENT_DATA_ROOT"]
            let asked = named.map { Paths.absolute($0, from: directory) }
            let dead = RunningSettings.all(of: .deployDaemon, from: file).compactMap { running in
                (try? running.configuration()).map { (running, $0) }
            }.filter { asked == nil || asked == $0.1.data.path }
            guard dead.count == 1, error.variable.map({ overrides[$0] == nil }) ?? true,
                var start = try? start(dead[0].1, dead[0].0, keys)
            else { throw CommandFailure(error) }
            Terminal.complain(
                "warning: \(error); going on with the settings of the daemon that has died at \(dead[0].1.data.path): what it was in the middle of "
                    + "is brought to its end, nothing new is deployed", of: Self.program)
            start.pipeline.configurationFault = "\(error)"
            return start
        }
    }

    private func start(_ configuration: Configuration, _ running: RunningSettings, _ keys: RemoteKeys) throws(ConfigurationError)
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
        pipeline.push.keys = keys
        return Start(
            configuration: configuration, pipeline: pipeline,
            admin: AdminServer.Settings(
                adminSocket: data.adminSocket, agentSocket: data.agentSocket, agentUserID: agent.uid, agentGroupID: agent.gid),
            running: running, runningFile: RunningSettings.file(of: .deployDaemon, at: data.path))
    }
}
