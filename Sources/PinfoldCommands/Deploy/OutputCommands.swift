internal import AdminInterface
internal import ArgumentParser
internal import CLinux
internal import CommandLineSupport
internal import DeployModel
internal import PlainText

/// `pinfold logs`: what tests, build, reload and checks of a deployment wrote.
struct LogsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "logs", abstract: "Print the output of a deployment's tests, build, reload and checks.",
        discussion:
            "Control characters are shown as escapes: tests and builds are the agent's, and a terminal obeys what they write.")

    @Argument(help: deploymentHelp)
    var deployment: DeploymentName

    @OptionGroup var daemon: DaemonOptions
    @OptionGroup var output: OutputOptions

    @Flag(name: .shortAndLong, help: "Go on until the deployment has ended.")
    var follow = false

    mutating func run() throws {
        let connection = try daemon.connect()
        let id = try deployment.number(connection)
        var whole = LogPage(text: "", next: 0, complete: false)
        while true {
            var query = [(name: Query.from, value: "\(whole.next)")]
            if follow { query.append((name: Query.wait, value: "\(Query.longestWait)")) }
            let page: LogPage = try connection.ask(.log, ["\(id)"], query: query)
            if output.json {
                whole.text += page.text
            } else {
                Terminal.write(page.text.plain(lines: true), to: STDOUT_FILENO)
            }
            whole.next = page.next
            whole.complete = page.complete
            if page.complete || (page.text.isEmpty && !follow) || !Terminal.takesResults { break }
        }
        if output.json { try Terminal.say(record: whole) }
    }
}

/// `pinfold diff`: what a deployment changes against what was deployed, or against something else.
struct DiffCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "diff", abstract: "Print a deployment's change against what was deployed when it came.")

    private struct Answer: Encodable {
        let deployment: Int
        let diff: String
    }

    @Argument(help: deploymentHelp)
    var deployment: DeploymentName

    @OptionGroup var daemon: DaemonOptions
    @OptionGroup var output: OutputOptions

    @Option(
        help: ArgumentHelp(
            "What it is compared with: 'deployed' (the default), 'approved', which is what a human agreed to last before it came, or another deployment's number.",
            valueName: "what"), transform: Self.base)
    var against: DiffBase?

    private static func base(_ text: String) throws -> DiffBase {
        guard let base = DiffBase(text) else {
            throw ValidationError("'\(text)' is nothing to compare with: 'deployed', 'approved' or a deployment's number")
        }
        return base
    }

    @Flag(help: "The bytes as they are, for a program such as 'git apply'; else control characters are shown as escapes.")
    var raw = false

    mutating func validate() throws {
        if raw, output.json { throw ValidationError("--raw and --json exclude each other") }
    }

    mutating func run() throws {
        let connection = try daemon.connect()
        let id = try deployment.number(connection)
        let bytes = try connection.bytes(
            .diff, ["\(id)"], query: against.map { [(name: Query.against, value: $0.description)] } ?? [])
        if raw { return Terminal.write(bytes, to: STDOUT_FILENO) }
        let text = String(showing: bytes)
        if output.json { return try Terminal.say(record: Answer(deployment: id, diff: text)) }
        Terminal.write(text.plain(lines: true), to: STDOUT_FILENO)
    }
}
