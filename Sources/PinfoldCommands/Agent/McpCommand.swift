internal import AdminClient
internal import AgentTools
internal import ArgumentParser
internal import CommandLineSupport
internal import DataRoot
internal import DeployModel
internal import FoundationEssentials
internal import PinfoldConfiguration
internal import PlainText

/// `pinfold mcp`: the agent's tools for a model's client.
struct McpCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "mcp", abstract: "Offer the agent's tools by the Model Context Protocol.",
        discussion: """
            Over standard input and output, a message a line, until the input ends; or with --listen by HTTP on the loopback address. Of the protocol's \
            versions those up to 2025-11-25 and 2026-07-28 are served, each request by its own. The tools are deploy_agent_code, deployment_status, \
            show_deployment, deployment_log, explain_path and workspace_info; whoever uses them is the agent, and can answer for no human.
            """)

    @Option(
        help: ArgumentHelp(
            "Listen here instead; port 0 is one that is free. What it is, is said on standard error.", valueName: "127.0.0.1:port"))
    var listen: String?

    @Option(
        help: ArgumentHelp(
            "With --listen: the bearer token that clients send, in a file of this user's that nobody else can read.",
            valueName: "file"))
    var tokenFile: String?

    @OptionGroup var options: DaemonOptions

    mutating func validate() throws {
        guard (listen == nil) == (tokenFile == nil) else { throw ValidationError("--listen and --token-file go together") }
    }

    mutating func run() throws {
        let root = try options.data()
        let daemon = DaemonConnection(agentAt: root)
        let tools = AgentTools(daemon: AdminClient(socketPath: root.agentSocket, isAgents: true)) {
            path, write throws(ToolFailure) in
            try Self.explain(path, write, daemon)
        }
        let dialogue = Dialogue(tools, version: pinfoldVersion)
        guard let listen, let tokenFile else { return StandardStreams(dialogue).serve() }
        let token: [UInt8]
        do throws(BearerToken.Fault) {
            token = try BearerToken.read(absolutePath(tokenFile, in: workingDirectory()))
        } catch {
            throw CommandFailure(.usage, error.message)
        }
        let port = try Self.port(listen)
        do {
            let listener = try HTTPListener(port: port, token: token, dialogue)
            Terminal.complain("listening at \(listener.address)")
            try listener.serve()
        } catch {
            throw CommandFailure(.notDone, "\(listen) cannot be listened at: \(error)")
        }
    }

    private static func explain(_ path: String, _ write: Bool, _ daemon: DaemonConnection) throws(ToolFailure) -> (
        text: String, value: JSONValue
    ) {
        // Outside, links and modes would be looked at with the eyes of whoever started this: root's, perhaps, which see what the view
        // hides.
        guard Inside.isHere else {
            throw ToolFailure(
                "paths are explained in the agent's view alone, and this server runs outside of it; start it inside: "
                    + "pinfold run -- pinfold mcp"
            )
        }
        do {
            let answer = try Answer(inside: path, about: write ? .write : .read, asking: daemon)
            return (answer.text.plain(lines: true), try JSONValue(try JSONEncoder().encode(answer)))
        } catch let failure as CommandFailure {
            throw ToolFailure(failure.message)
        } catch {
            throw ToolFailure("\(error)")
        }
    }

    private static func port(_ text: String) throws(CommandFailure) -> UInt16 {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2, ["127.0.0.1", "localhost"].contains(parts[0]), let port = UInt16(parts[1]) else {
            throw CommandFailure(.usage, "--listen: '\(text)' is not 127.0.0.1:PORT; nobody on another machine is answered")
        }
        return port
    }
}
