internal import CommandLineSupport
internal import LinuxSystem
internal import PinfoldConfiguration
internal import SystemPackage

/// The system user that the agent runs as where nobody names another one.
enum AgentUser {
    static let defaultName = "pinfold-agent"

    /// The configured account; the default one is made where it is missing, any other must exist.
    /// - Returns: The account, and whether it was made now.
    static func ensure(_ configuration: Configuration) throws(CommandFailure) -> (account: UserAccount, made: Bool) {
        let isMissing: Bool
        do {
            _ = try UserAccount.resolve(configuration.agent.user)
            isMissing = false
        } catch {
            isMissing = error == .noSuchUser && configuration.agent.user == defaultName
        }
        if isMissing { try make() }
        return (try agentAccount(configuration), isMissing)
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
