internal import CommandLineSupport
internal import LinuxSystem
internal import PinfoldConfiguration
internal import SystemPackage

/// The system user that the agent runs as where nobody names another one.
enum AgentUser {
    static let defaultName = "pinfold-agent"

    /// The configured account; nil where that is the default one and has to be made. Any other must exist.
    static func present(_ configuration: Configuration) throws(CommandFailure) -> UserAccount? {
        do throws(UserAccount.Failure) {
            _ = try UserAccount.resolve(configuration.agent.user)
        } catch {
            if error == .noSuchUser, configuration.agent.user == defaultName { return nil }
        }
        return try agentAccount(configuration)
    }

    /// Makes the default one, and says so at once: it stays, whatever fails later.
    static func make(_ configuration: Configuration) throws(CommandFailure) -> UserAccount {
        try make()
        Terminal.say("made the system user \(defaultName)")
        return try agentAccount(configuration)
    }

    private static func make() throws(CommandFailure) {
        let arguments = [
            "--system", "--user-group", "--no-create-home", "--home-dir", "/nonexistent", "--shell", "/usr/sbin/nologin",
            defaultName,
        ]
        let status: ExitStatus
        do {
            status = try ChildProcess(.init("/usr/sbin/useradd", arguments, descriptors: [2: 2])).wait()
        } catch {
            throw CommandFailure(.notDone, "useradd cannot be started: \(error); make the user \(defaultName) yourself")
        }
        guard status.isSuccess else {
            throw CommandFailure(.notDone, "useradd did not make the user \(defaultName) (\(status)); make it yourself")
        }
    }
}
