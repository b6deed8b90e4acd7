internal import AdminServer
internal import ArgumentParser
internal import DeployModel
internal import DeploySteps
internal import Foundation
internal import LinuxSystem
internal import PinfoldConfiguration

extension Main {
    /// The admin's decisions as the pipeline's and the server's values, or exit code 2.
    func load() throws -> (PipelineSettings, AdminServer.Settings) {
        guard geteuid() == 0 else {
            throw ValidationError(
                "pinfold-deployd has to run as root: it acts as the agent's user and writes where nobody else may")
        }
        var overrides: [String: String] = [:]
        for setting in settings {
            let parts = setting.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2, !parts[0].isEmpty else { throw ValidationError("--set: '\(setting)' is not NAME=VALUE") }
            overrides[String(parts[0])] = String(parts[1])
        }
        if let dataRoot { overrides["AGENT_DATA_ROOT"] = dataRoot }
        let usual = "/etc/pinfold/pinfold.env"
        do {
            let configuration = try Configuration.load(
                environment: ProcessInfo.processInfo.environment,
                file: config ?? (FileManager.default.fileExists(atPath: usual) ? usual : nil),
                overrides: overrides, workingDirectory: FileManager.default.currentDirectoryPath)
            let agent = try configuration.agent()
            let paths = configuration.paths
            return (
                try PipelineSettings(
                    configuration, uid: agent.uid, gid: agent.gid,
                    // Looked for at each push, so that one that is put there later counts without a restart.
                    pushFiles: URL(fileURLWithPath: config ?? usual).deletingLastPathComponent().path),
                AdminServer.Settings(
                    adminSocket: paths.adminSocket, agentSocket: paths.agentSocket, agentUserID: agent.uid, agentGroupID: agent.gid)
            )
        } catch {
            FileHandle.standardError.write(Data("pinfold-deployd: \(error)\n".utf8))
            throw ExitCode(2)
        }
    }
}

extension PipelineSettings {
    /// - Parameter pushFiles: where the admin puts what a push authenticates with: beside the configuration file.
    init(_ configuration: Configuration, uid: UInt32, gid: UInt32, pushFiles: String) throws {
        let deploy = configuration.deploy
        self.init(
            codeRepo: configuration.codeRepo, deployments: configuration.paths.deployments, target: deploy.target,
            branch: deploy.branch,
            gitUserName: configuration.gitUserName, gitUserEmail: configuration.gitUserEmail, agentUID: uid, agentGID: gid)
        requireTests = deploy.requireTests
        requireApproval = deploy.requireApproval
        testTimeout = deploy.testTimeout
        testCommand = deploy.testCommand
        testReport = deploy.testReport
        testSurface = try TestSurface(additional: deploy.testSurface)
        testNetwork = deploy.testNetwork
        keep = deploy.keep
        buildCommand = deploy.buildCommand
        reloadCommand = deploy.reloadCommand
        healthCommand = deploy.healthCommand
        healthURL = deploy.healthURL
        pushRemote = deploy.pushRemote
        pushSSHKey = pushFiles + "/push.key"
        pushKnownHosts = pushFiles + "/known_hosts"
        pushCredentialFile = pushFiles + "/push.credentials"
    }
}
