internal import DeployModel

extension AgentTools {
    package enum Tool: String, CaseIterable, Sendable {
        case deploy = "deploy_agent_code"
        case status = "deployment_status"
        case show = "show_deployment"
        case log = "deployment_log"
        case explain = "explain_path"
        case workspace = "workspace_info"
    }

    static let instructions =
        "You run inside Pinfold: the machine is read-only but for your repository and your sandbox (workspace_info says where). Edit and test there, "
        + "then deploy_agent_code commits, tests and deploys. Where something is refused, explain_path says which rule decides. A change of what judges "
        + "your work waits for a human, who cannot be answered for."

    /// The tools as `tools/list` has them.
    static let catalogue: [JSONValue] = Tool.allCases.map(\.entry)
}

extension AgentTools.Tool {
    /// The names of its arguments; others are refused.
    var argumentNames: [String] { input["properties"]?.object?.keys.sorted() ?? [] }

    fileprivate var entry: JSONValue {
        [
            "name": .string(rawValue), "title": .string(title), "description": .string(words), "inputSchema": input,
            "outputSchema": output,
            "annotations": [
                "title": .string(title), "readOnlyHint": .bool(self != .deploy), "destructiveHint": .bool(self == .deploy),
                "idempotentHint": .bool(self != .deploy), "openWorldHint": false,
            ],
        ]
    }

    private var title: String {
        switch self {
        case .deploy: "Commit, test and deploy"
        case .status: "What is deployed and under way"
        case .show: "One deployment"
        case .log: "A deployment's output"
        case .explain: "Why a path can or cannot be used"
        case .workspace: "Where to work, and by which rules"
        }
    }

    private var words: String {
        switch self {
        case .deploy:
            "Commits all that has changed in the repository on the branch that deploys, and waits up to 50 seconds for tests and deployment. Where it takes "
                + "longer, or a human has to agree, it answers with the state and the id to ask about; nothing has to be called again for it to go on."
        case .status: "What is deployed, what is under way, whose turn it is, and the rules in force."
        case .show: "State, reason, verdict of the tests and what to do, of one deployment."
        case .log: "What tests, build, reload and checks of a deployment wrote: the end of it, or from a byte offset on."
        case .explain:
            "Whether a path may be read or written, and which rule or mode decides. Ask it where something failed with EROFS, EPERM, EACCES or ENOENT."
        case .workspace: "The writable directories, the branch that deploys, how commits are tested, the network, and the rules."
        }
    }

    private var input: JSONValue {
        func schema(_ properties: JSONValue, required: JSONValue = []) -> JSONValue {
            ["type": "object", "properties": properties, "required": required, "additionalProperties": false]
        }
        let id: JSONValue = ["type": "integer", "minimum": 1, "description": "The deployment's number."]
        return switch self {
        case .deploy:
            schema(
                [
                    "commit_message": ["type": "string", "minLength": 1, "description": "Commit message for the changes"],
                    "force_deploy": [
                        "type": "boolean", "default": false,
                        "description": "Skip human approval check: the admin's alone, and refused here",
                    ],
                ], required: ["commit_message"])
        case .status, .workspace: schema([:])
        case .show: schema(["id": id], required: ["id"])
        case .log:
            schema(
                [
                    "id": id,
                    "from": [
                        "type": "integer", "minimum": 0,
                        "description": "A byte offset, such as the last answer's next; without it the end is given.",
                    ],
                ], required: ["id"])
        case .explain:
            schema(
                [
                    "path": ["type": "string", "minLength": 1, "description": "Absolute, or from the working directory."],
                    "write": ["type": "boolean", "default": false, "description": "Ask about writing instead of reading."],
                ], required: ["path"])
        }
    }

    private var output: JSONValue {
        switch self {
        case .deploy:
            let types: [(String, String)] = [
                ("success", "boolean"), ("commit_hash", "string"), ("tests_passed", "boolean"),
                ("human_approval_required", "boolean"),
                ("deployed", "boolean"), ("backup_location", "string"),
            ]
            return [
                "type": "object",
                "properties": .object(Dictionary(uniqueKeysWithValues: types.map { ($0.0, ["type": .string($0.1)]) })),
                "required": .array(types.map { .string($0.0) }), "additionalProperties": false,
            ]
        case .log:
            return [
                "type": "object",
                "properties": ["text": ["type": "string"], "next": ["type": "integer"], "complete": ["type": "boolean"]],
                "required": ["text", "next", "complete"],
            ]
        default: return ["type": "object"]
        }
    }
}
