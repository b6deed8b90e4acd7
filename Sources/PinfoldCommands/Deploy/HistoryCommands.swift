internal import AdminInterface
internal import ArgumentParser
internal import CommandLineSupport
internal import DeployModel

/// `pinfold history`: past deployments, newest first.
struct HistoryCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "history", abstract: "List past deployments, newest first, or what was asked, answered and refused.")

    @OptionGroup var daemon: DaemonOptions
    @OptionGroup var output: OutputOptions

    @Option(name: .shortAndLong, help: ArgumentHelp("How many entries.", valueName: "number"))
    var number = 20

    @Option(help: ArgumentHelp("Only deployments before this one.", valueName: "deployment"))
    var before: Int?

    @Option(help: ArgumentHelp("Only deployments in that state.", valueName: "state"))
    var state: DeploymentState?

    @Flag(help: "What people and the agent asked for, answered and were refused, instead of deployments.")
    var events = false

    mutating func validate() throws {
        guard (1...Query.mostEntries).contains(number) else { throw ValidationError("--number is from 1 to \(Query.mostEntries)") }
        if events, before != nil { throw ValidationError("--before is about deployments; it does not go with --events") }
        if events, state != nil { throw ValidationError("--state is about deployments; it does not go with --events") }
    }

    mutating func run() throws {
        let connection = try daemon.connect()
        var query = [(name: Query.limit, value: "\(number)")]
        if events {
            let list: EventList = try connection.ask(.events, query: query)
            if output.json { return try Terminal.say(record: list) }
            return Terminal.say(
                list.events.isEmpty ? "nothing yet" : table(list.events.map { [$0.at.shown, $0.who, $0.what, $0.outcome] }))
        }
        if let state { query.append((name: Query.state, value: state.rawValue)) }
        var page = HistoryPage(deployments: [], next: before)
        // An answer is bounded in bytes as well as in entries.
        repeat {
            query[0].value = "\(number - page.deployments.count)"
            let older: HistoryPage = try connection.ask(
                .history, query: query + (page.next.map { [(name: Query.before, value: "\($0)")] } ?? []))
            page = HistoryPage(deployments: page.deployments + older.deployments, next: older.next)
        } while page.next != nil && page.deployments.count < number
        if output.json { return try Terminal.say(record: page) }
        guard !page.deployments.isEmpty else {
            return Terminal.say(
                "no deployments\(state.map { " that are \($0.words)" } ?? "")\(before == nil ? " yet" : " before that one")")
        }
        Terminal.say(
            table(
                page.deployments.map { deployment in
                    let way =
                        switch deployment.kind {
                        case .commit: ""
                        case .rollback(let target): "back to \(target): "
                        case .reload(let target): "reload of \(target): "
                        }
                    return [
                        "\(deployment.id)", deployment.detected.shown, deployment.state.words, deployment.commit.short,
                        way + (deployment.subject ?? "")
                            + (deployment.unrecordedMoves.map { " (and \($0) moves without a record)" } ?? ""),
                    ]
                }))
    }
}

/// `pinfold show`: one deployment, whole.
struct ShowCommand: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "show", abstract: "Show all that is known of one deployment.")

    @Argument(help: deploymentHelp)
    var deployment: DeploymentName

    @OptionGroup var daemon: DaemonOptions
    @OptionGroup var output: OutputOptions

    mutating func run() throws {
        let connection = try daemon.connect()
        let record: Deployment = try connection.ask(.show, ["\(try deployment.number(connection))"])
        if output.json { return try Terminal.say(record: record) }
        Terminal.say(record.details)
    }
}

let deploymentHelp = ArgumentHelp("A deployment's number, or at least the first seven digits of its commit.", valueName: "id")

/// As an option's value: what `--json` and `status.json` call it.
extension DeploymentState: ExpressibleByArgument {}
