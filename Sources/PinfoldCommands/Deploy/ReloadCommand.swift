internal import AdminInterface
internal import ArgumentParser
internal import CommandLineSupport
internal import DeployModel

/// `pinfold reload`: what is deployed, once more.
struct ReloadCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reload", abstract: "Make the server take what is deployed once more, and look whether it is well.",
        discussion: """
            The target is made to be the version on record, where it is not; then the reload command and the health check run. No version \
            changes, and nothing is quarantined. It goes before tests that run, which begin again. Exit codes: 0 the server is well on it; \
            1 it is not, nothing is deployed, or something is under way that reloads the server itself; 4 no daemon.
            """)

    @Flag(help: "Return once the reload has begun.")
    var noWait = false

    @OptionGroup var daemon: DaemonOptions
    @OptionGroup var output: OutputOptions

    mutating func run() throws {
        let connection = try daemon.connect()
        var record: Deployment = try connection.ask(.reload)
        var exit = CommandExit.done
        if !noWait { (record, exit) = try Waiting(connection, isQuiet: output.json).end(of: record) }
        if output.json {
            try Terminal.say(record: record)
        } else {
            Terminal.say(record.summary)
        }
        if exit != .done { throw ExitCode(exit.rawValue) }
    }
}
