internal import AdminClient
internal import AdminInterface
internal import ArgumentParser
internal import CLinux
internal import CommandLineSupport
internal import DataRoot
internal import DeployModel
internal import PinfoldConfiguration

/// How a command finds the deploy daemon.
struct DaemonOptions: ParsableArguments {
    @OptionGroup var configuration: ConfigurationOptions

    func connect() throws(CommandFailure) -> DaemonConnection {
        DaemonConnection(try data())
    }

    /// Only the data root matters here. The agent may lack the right to read the machine's configuration file; from inside the view the
    /// variable alone then says where the data is.
    func data() throws(CommandFailure) -> DataRoot {
        let isUnreadable =
            unsafe configuration.shared.config == nil && isThere(SettingsOptions.defaultFile)
            && access(SettingsOptions.defaultFile, R_OK) != 0
        guard isUnreadable else {
            return DataRoot(try configuration.path("AGENT_DATA_ROOT", of: .deployDaemon) { $0.data.path })
        }
        let overrides = try configuration.overrides()
        let environment = try SettingsOptions.environment()
        guard overrides["AGENT_DATA_ROOT"] != nil || environment["AGENT_DATA_ROOT"] != nil else {
            throw CommandFailure(.usage, "\(SettingsOptions.defaultFile) is not this user's to read; set AGENT_DATA_ROOT")
        }
        do throws(ConfigurationError) {
            return DataRoot(
                try Configuration.path(
                    "AGENT_DATA_ROOT", environment: environment, overrides: overrides, workingDirectory: workingDirectory()))
        } catch {
            throw CommandFailure(error)
        }
    }
}

/// The daemon, as this user reaches it.
struct DaemonConnection {
    private let client: AdminClient
    /// Whether it was reached as the agent, who gets other answers, and can do other things about them.
    let isAgents: Bool

    /// The admin's socket where it can be seen, else the agent's: from inside the view, and for the agent's user, the directory of the
    /// first is closed.
    init(_ data: DataRoot) {
        isAgents = !isThere(data.adminSocket) && (isThere(data.agentSocket) || geteuid() != 0)
        client = AdminClient(socketPath: isAgents ? data.agentSocket : data.adminSocket, isAgents: isAgents)
    }

    /// By the agent's socket, whoever asks: what comes in there has the agent's rights.
    init(agentAt data: DataRoot) {
        isAgents = true
        client = AdminClient(socketPath: data.agentSocket, isAgents: true)
    }

    func ask<Answer: Decodable>(
        _ route: Route, _ parameters: [String] = [], query: [(name: String, value: String)] = [], as type: Answer.Type = Answer.self
    ) throws(CommandFailure) -> Answer {
        do {
            return try client.ask(route, parameters, query: query)
        } catch {
            throw CommandFailure(error)
        }
    }

    func send<Answer: Decodable>(
        _ request: some Encodable, to route: Route, _ parameters: [String] = [], as type: Answer.Type = Answer.self
    ) throws(CommandFailure) -> Answer {
        do {
            return try client.ask(route, parameters, sending: request)
        } catch {
            throw CommandFailure(error)
        }
    }

    func bytes(
        _ route: Route, _ parameters: [String], query: [(name: String, value: String)] = []
    ) throws(CommandFailure) -> [UInt8] {
        do {
            return try client.bytes(route, parameters, query: query)
        } catch {
            throw CommandFailure(error)
        }
    }
}

/// As far as this user can see (`man 2 access`).
private func isThere(_ path: String) -> Bool { unsafe access(path, F_OK) == 0 }

extension CommandFailure {
    init(_ error: AdminClientError) {
        self.init(CommandExit(rawValue: error.exitCode) ?? .notDone, "\(error)")
    }
}
