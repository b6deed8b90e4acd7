internal import DeployModel

extension PushSettings: Topic {
    static let variables = [
        Variable("AGENT_DEPLOY_PUSH_REMOTE", .remote, default: nil, "Where a successful deploy is pushed to")
    ]

    init(_ reader: inout ValueReader) throws(ConfigurationError) {
        self.init()
        remote = try reader.repository("AGENT_DEPLOY_PUSH_REMOTE")
    }
}
