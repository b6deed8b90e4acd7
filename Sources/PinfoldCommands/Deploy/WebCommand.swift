internal import AdminInterface
internal import ArgumentParser
internal import CLinux
internal import CommandLineSupport
internal import DataRoot
internal import LinuxSystem
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
        if port != 0, port < Self.firstFreePort {
            throw CommandFailure(
                .usage, "port \(port) needs root's rights, which the page gives up; choose one from \(Self.firstFreePort) on")
        }
        let loaded = try configuration.loadOrRunning(.deployDaemon, "AGENT_DATA_ROOT") { $0.data.path }
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

    /// `man 7 ip`, ip_unprivileged_port_start.
    private static var firstFreePort: Int {
        let text = try? SmallFile.read("/proc/sys/net/ipv4/ip_unprivileged_port_start", limit: 16)
        return text.flatMap { Int(String(decoding: $0, as: UTF8.self).filter(\.isNumber)) } ?? 1024
    }
}
