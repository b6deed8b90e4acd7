internal import AdminServer
internal import ArgumentParser
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
        var pipeline: PipelineSettings
        let admin: AdminServer.Settings
        /// What it leaves for those that look for it, and where.
        let running: RunningSettings
        let runningFile: String
    }

    /// The admin's decisions as the pipeline's and the server's values, or exit code 2.
    func load() throws -> Start {
        guard geteuid() == 0 else {
            Self.say("only root can run the deploy daemon, which acts as the agent's user; run it with sudo")
            throw ExitCode(2)
        }
        var overrides: [String: String] = [:]
        for setting in settings {
            let parts = setting.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2, !parts[0].isEmpty else { throw ValidationError("--set: '\(setting)' is not NAME=VALUE") }
            overrides[String(parts[0])] = String(parts[1])
        }
        if let dataRoot { overrides["AGENT_DATA_ROOT"] = dataRoot }
        let usual = "/etc/pinfold/pinfold.env"
        let directory = FileManager.default.currentDirectoryPath
        let file = config ?? (FileManager.default.fileExists(atPath: usual) ? usual : nil)
        let absoluteFile = file.map { Paths.absolute($0, from: directory) }
        let environment = ProcessInfo.processInfo.environment
        let pushFiles = Paths.absolute("..", from: absoluteFile ?? usual)
        do throws(ConfigurationError) {
            let configuration = try Configuration.load(
                environment: environment, file: file, overrides: overrides, workingDirectory: directory)
            return try start(
                configuration, RunningSettings(configuration, file: absoluteFile, workingDirectory: directory), pushFiles: pushFiles
            )
        } catch {
            // What a daemon that died was in the middle of is brought to its end, by the settings that it had.
            let asked = (overrides["AGENT_DATA_ROOT"] ?? environment["AGENT_DATA_ROOT"]).map { Paths.absolute($0, from: directory) }
            let dead = RunningSettings.all(of: .deployDaemon, from: absoluteFile).compactMap { running in
                (try? running.configuration()).map { (running, $0) }
            }.filter { asked == nil || asked == $0.1.data.path }
            guard dead.count == 1, error.variable.map({ overrides[$0] == nil }) ?? true,
                var start = try? start(dead[0].1, dead[0].0, pushFiles: pushFiles)
            else {
                Self.say("\(error)")
                throw ExitCode(2)
            }
            Self.say(
                "warning: \(error); going on with the settings of the daemon that has died at \(dead[0].1.data.path): what it was in the middle of "
                    + "is brought to its end, nothing new is deployed")
            start.pipeline.configurationFault = "\(error)"
            return start
        }
    }

    private func start(_ configuration: Configuration, _ running: RunningSettings, pushFiles: String) throws(ConfigurationError)
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
        pipeline.push.keys = RemoteKeys(in: pushFiles)
        return Start(
            pipeline: pipeline,
            admin: AdminServer.Settings(
                adminSocket: data.adminSocket, agentSocket: data.agentSocket, agentUserID: agent.uid, agentGroupID: agent.gid),
            running: running, runningFile: RunningSettings.file(of: .deployDaemon, at: data.path))
    }

    static func say(_ text: String) {
        FileHandle.standardError.write(Data("pinfold-deployd: \(text)\n".utf8))
    }
}
