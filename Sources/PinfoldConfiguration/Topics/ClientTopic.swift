internal import DataRoot
internal import DeployModel

extension ClientSettings: Topic {
    static let variables = [
        Variable(
            "AGENT_DEPLOY_CLIENT_SOURCE", .clientSource, default: nil, note: "`client` where that has a `package.json`",
            "Where the client's sources are in a commit"),
        Variable(
            "AGENT_DEPLOY_CLIENT_BUILD_COMMAND", .command, default: nil,
            note: "found by kind of project; `pinfold doctor` prints it",
            "Run by `sh -c` in the client's directory to build it, confined, without network"),
        Variable(
            "AGENT_DEPLOY_CLIENT_OUTPUT", .treePath, default: "dist",
            "Where the build leaves what is served, in the client's directory"),
        Variable(
            "AGENT_DEPLOY_CLIENT_PUBLIC", .path, default: DataRoot("${AGENT_DATA_ROOT}").client, "Where the client is served from"),
        Variable(
            "AGENT_DEPLOY_CLIENT_KEEP", .duration, default: "72h",
            "How long files of a version stay that is not published any more: pages that are open still ask for them"),
        Variable(
            "AGENT_DEPLOY_CLIENT_URL", .webAddress, default: nil,
            "Where browsers find the client: the check compares what is served there with what was published"),
        Variable(
            "AGENT_DEPLOY_CLIENT_REGISTRY", .packageRegistry, default: nil, note: "npm's own",
            "Where the client's packages are fetched from"),
    ]

    init(_ reader: inout ValueReader) throws(ConfigurationError) {
        self.init()
        source = try reader.clientSource("AGENT_DEPLOY_CLIENT_SOURCE")
        buildCommand = try reader.command("AGENT_DEPLOY_CLIENT_BUILD_COMMAND")
        output = try reader.treePath("AGENT_DEPLOY_CLIENT_OUTPUT")
        publicDirectory = try reader.path("AGENT_DEPLOY_CLIENT_PUBLIC")
        keep = try reader.duration("AGENT_DEPLOY_CLIENT_KEEP")
        url = try reader.webAddress("AGENT_DEPLOY_CLIENT_URL")
        registry = try reader.packageRegistry("AGENT_DEPLOY_CLIENT_REGISTRY")
    }
}
