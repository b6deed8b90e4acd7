internal import AdminInterface
internal import ArgumentParser
internal import CommandLineSupport
internal import DeployModel

/// `pinfold deploy`: the seed's deploy action, the same from inside the view and from outside.
struct DeployCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "deploy", abstract: "Commit what has changed in code-repo and wait until it is deployed or needs a human.",
        discussion: """
            The daemon commits as the agent's user and git identity, on the branch that deploys, which has to be checked out; where nothing \
            has changed, it is the branch's commit that is waited for. Exit codes: 0 deployed; 1 not deployed; 2 a change and no message; \
            3 a human's turn; 4 no daemon. What failed is printed, with the end of its output.
            """)

    @Option(
        name: .shortAndLong, help: ArgumentHelp("The commit's message; not needed where nothing has changed.", valueName: "text"))
    var message: String?

    @Flag(help: "Skip the human's approval; the admin's alone, refused from inside the view.")
    var force = false

    @Option(help: ArgumentHelp("Why by force; needed where there is an approval policy.", valueName: "text"))
    var reason: String?

    @Flag(help: "Return once the commit is made and on its way.")
    var noWait = false

    @OptionGroup var daemon: DaemonOptions

    @Flag(
        help:
            "Print the deploy action's output as JSON: success, commit_hash, tests_passed, human_approval_required, deployed, backup_location."
    )
    var json = false

    mutating func run() throws {
        let connection = try daemon.connect()
        if reason != nil, !force { throw ValidationError("--reason is why something is forced; it does not go without --force") }
        let request = DeployAgentCodeInput(commitMessage: message, forceDeploy: force, forceReason: reason)
        var deployment: Deployment = try connection.send(request, to: .deploy)
        var exit = CommandExit.done
        if !noWait { (deployment, exit) = try Waiting(connection, isQuiet: json).end(of: deployment) }
        if json {
            try Terminal.say(record: DeployAgentCodeOutput(deployment))
        } else {
            Terminal.say(deployment.summary)
            if !noWait, let output = try FailureOutput(of: deployment, from: connection) { Terminal.say(output.text) }
        }
        if exit != .done { throw ExitCode(exit.rawValue) }
    }
}

/// `pinfold rollback`: back to what worked.
struct RollbackCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rollback", abstract: "Go back to the last good version, or to that of a deployment.",
        discussion:
            "The commit that is left is put into quarantine: it, and what is built on it, is not deployed again until 'pinfold lift'."
    )

    @Argument(help: deploymentHelp)
    var deployment: DeploymentName?

    @Flag(help: "Return once the way back has begun.")
    var noWait = false

    @OptionGroup var daemon: DaemonOptions

    mutating func run() throws {
        let connection = try daemon.connect()
        let target = try deployment?.number(connection)
        var record: Deployment = try connection.send(RollbackRequest(to: target), to: .rollback)
        var exit = CommandExit.done
        if !noWait { (record, exit) = try Waiting(connection, isQuiet: false).end(of: record) }
        Terminal.say(record.summary)
        if exit != .done { throw ExitCode(exit.rawValue) }
    }
}
