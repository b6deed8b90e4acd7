internal import AdminInterface
internal import ArgumentParser
internal import CLinux
internal import CommandLineSupport
internal import DataRoot
internal import PinfoldConfiguration

/// `pinfold web`: becomes the process that serves the review page.
struct WebCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "web", abstract: "Show what waits for approval, and all that is known of it, as pages in a browser.",
        discussion: """
            Serves one session on this machine's own address until it is ended by the page or by ^C, and prints a link that opens it \
            once, within a minute. From elsewhere: ssh -L PORT:127.0.0.1:PORT. Who has a passkey in the approval policy answers there, others by 'pinfold approve'.
            """)

    @OptionGroup var configuration: ConfigurationOptions

    @Option(help: ArgumentHelp("Listen there (default: any port that is free).", valueName: "number"))
    var port: UInt16 = 0

    mutating func run() throws {
        guard geteuid() == 0 else {
            throw CommandFailure(.usage, "'pinfold web' has to be started by root, whose rights it then gives up")
        }
        let loaded = try configuration.load()
        let agent = try agentAccount(loaded).uid
        guard agent != ReviewUser.id else {
            throw CommandFailure(
                .usage, "AGENT_USER is user \(agent), which the review page runs as and nobody else may; give the agent another")
        }
        try Companion.web.become([
            "--socket", DataRoot(loaded.data.path).reviewSocket, "--agent-user-id", "\(agent)", "--port",
            "\(port)",
        ])
    }
}
