internal import AdminInterface
internal import AdminWeb
internal import ArgumentParser
internal import CLinux
internal import CommandLineSupport
internal import LinuxSystem
internal import Logging
internal import QuietTasks

/// The review page: options in, one session served until its end, an exit code out. `pinfold web` reads the configuration and becomes this.
///
/// A process of its own, because it makes pages of what strangers wrote: where that goes wrong, the deploy daemon does not notice.
@main
struct Main: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pinfold-web", abstract: "Serve the review page to one browser.",
        discussion:
            "Exit codes: 0 the session was ended; 1 it could not be served, or nobody opened it; 2 wrong usage; 4 no deploy daemon answers."
    )

    static let program = Companion.web.rawValue

    @Option(help: ArgumentHelp("The review page's socket of the deploy daemon.", valueName: "path"))
    var socket: String

    @Option(help: ArgumentHelp("Whose connections are refused.", valueName: "uid"))
    var agentUserID: UInt32

    @Option(help: ArgumentHelp("Listen there; 0: any port that is free.", valueName: "number"))
    var port: UInt16 = 0

    @Option(help: ArgumentHelp("How long the link can be used.", valueName: "seconds"))
    var linkSeconds = 60

    static func main() {
        ThisProcess.begin()
        do {
            var command = try parseAsRoot()
            try command.run()
        } catch {
            CLinux.exit(Outcome.exitCode(after: error, of: Self.self, program: program, help: "pinfold-web --help"))
        }
    }

    mutating func run() throws {
        let manager = ServiceManager()
        let reached: String
        do {
            // Before there are threads, which would keep what this one gives up.
            reached = try Seclusion.enter(askingAt: socket)
        } catch {
            Self.end(with: error)
        }
        var settings = WebServer.Settings(socketPath: socket, reachedAt: reached, agentUserID: agentUserID, port: Int(port))
        settings.linkSeconds = linkSeconds
        var logger = Logger(label: "pinfold.web")
        // That it listens is said by the link.
        logger.logLevel = .warning
        let server = WebServer(settings: settings, logger: logger)
        let seconds = linkSeconds
        Task(executorPreference: QuietQueue(label: "pinfold.main")) {
            do {
                try await server.run { link in
                    Terminal.say(link)
                    manager.say(.ready)
                    Terminal.explain("this link opens the page once, within \(seconds) seconds; ^C ends the session")
                }
                CLinux.exit(0)
            } catch {
                Self.end(with: error)
            }
        }
        while true { pause() }
    }

    /// A problem is the daemon's, or what was said for it where it does not answer.
    private static func end(with error: any Error) -> Never {
        let problem = error as? Problem
        Terminal.complain(problem?.message ?? "\(error)", of: program)
        CLinux.exit(problem.map { Int32($0.exitCode) } ?? CommandExit.notDone.rawValue)
    }
}
