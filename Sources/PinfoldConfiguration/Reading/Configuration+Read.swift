internal import ZonePolicy

extension Configuration {
    init(_ source: ValueSource) throws(ConfigurationError) {
        var reader = ValueReader(source)
        dataRoot = try reader.path("AGENT_DATA_ROOT")
        codeRepo = try reader.path("AGENT_CODE_REPO_PATH")
        sandbox = try reader.path("AGENT_SANDBOX_PATH")
        gitUserName = try reader.identity("AGENT_GIT_USER_NAME")
        gitUserEmail = try reader.identity("AGENT_GIT_USER_EMAIL")
        let requireTests = try reader.boolean("AGENT_DEPLOY_REQUIRE_TESTS")
        let testTimeout = try reader.number("AGENT_DEPLOY_TEST_TIMEOUT")
        let requireApproval = try reader.boolean("AGENT_REQUIRE_HUMAN_APPROVAL_FOR_TEST_CHANGES")
        viewSource = try reader.path("AGENT_VIEW_SOURCE")
        viewMountpoint = try reader.path("AGENT_VIEW_MOUNTPOINT")
        let always = DefaultPattern.alwaysHidden(deployments: DataPaths(dataRoot: dataRoot).deployments).map(\.pattern)
        hide = try reader.patterns("AGENT_VIEW_HIDE", default: DefaultPattern.hide) + always
        protect = try reader.patterns("AGENT_PROTECT", default: DefaultPattern.protect)
        agentUser = try reader.user("AGENT_USER")
        network = try reader.network("AGENT_NETWORK")
        memory = try reader.memory("AGENT_MEMORY")
        codeRepoQuota = try reader.quota("AGENT_CODE_REPO_QUOTA")
        sandboxQuota = try reader.quota("AGENT_SANDBOX_QUOTA")
        codeSource = try reader.repository("AGENT_CODE_SOURCE")
        let branch = try reader.branch("AGENT_DEPLOY_BRANCH")
        let target = try reader.path("AGENT_DEPLOY_TARGET")
        deploy = DeploySettings(
            branch: branch, target: target, requireTests: requireTests, testTimeout: testTimeout, requireApproval: requireApproval,
            testCommand: try reader.command("AGENT_DEPLOY_TEST_COMMAND"),
            testReport: try reader.reportPlace("AGENT_DEPLOY_TEST_REPORT"),
            testSurface: try reader.patterns("AGENT_DEPLOY_TEST_SURFACE", default: []),
            judge: try reader.boolean("AGENT_DEPLOY_JUDGE"), testNetwork: try reader.boolean("AGENT_DEPLOY_TEST_NETWORK"),
            testMemory: try reader.memory("AGENT_DEPLOY_TEST_MEMORY"), testRead: try reader.readable("AGENT_DEPLOY_TEST_READ"),
            keep: try reader.number("AGENT_DEPLOY_KEEP"),
            fileLimit: try reader.bytes("AGENT_DEPLOY_FILE_LIMIT"),
            buildCommand: try reader.command("AGENT_DEPLOY_BUILD_COMMAND"),
            reloadCommand: try reader.command("AGENT_DEPLOY_RELOAD_COMMAND"),
            healthCommand: try reader.command("AGENT_DEPLOY_HEALTH_COMMAND"),
            healthURL: try reader.webAddress("AGENT_DEPLOY_HEALTH_URL"),
            healthTimeout: try reader.number("AGENT_DEPLOY_HEALTH_TIMEOUT"),
            healthSoak: try reader.number("AGENT_DEPLOY_HEALTH_SOAK"),
            healthInterval: try reader.number("AGENT_DEPLOY_HEALTH_INTERVAL"),
            illness: try reader.illness("AGENT_DEPLOY_HEALTH_WATCH"),
            pushRemote: try reader.repository("AGENT_DEPLOY_PUSH_REMOTE"))
        settings = reader.settings
        try checkTogether()
    }

    /// What is wrong only in the sight of each other. What needs the disk is checked where the disk is used.
    private func checkTogether() throws(ConfigurationError) {
        let zones = [("AGENT_CODE_REPO_PATH", codeRepo), ("AGENT_SANDBOX_PATH", sandbox)]
        for (name, path) in zones {
            guard path != viewSource, Paths.isInside(path, viewSource) else {
                throw ConfigurationError(
                    variable: name, value: path,
                    reason: "the zone does not lie below AGENT_VIEW_SOURCE (\(viewSource.escapedForTerminal))",
                    accepted: "a directory below it")
            }
        }
        guard !Paths.isInside(codeRepo, sandbox), !Paths.isInside(sandbox, codeRepo) else {
            throw ConfigurationError(
                variable: "AGENT_SANDBOX_PATH", value: sandbox,
                reason: "the zones lie inside each other (AGENT_CODE_REPO_PATH is \(codeRepo.escapedForTerminal))",
                accepted: "two directories, neither inside the other")
        }
        for (name, zone) in zones {
            // What the agent can write must hold nothing that decides over it.
            let held = [
                ("AGENT_DEPLOY_TARGET", deploy.target), ("AGENT_DATA_ROOT", paths.deployments),
                ("AGENT_VIEW_MOUNTPOINT", viewMountpoint),
            ]
            for (other, path) in held where Paths.isInside(path, zone) || other == "AGENT_DATA_ROOT" && Paths.isInside(zone, path) {
                throw ConfigurationError(
                    variable: other, value: path,
                    reason: "it and the zone \(name) (\(zone.escapedForTerminal)) lie inside each other",
                    accepted: "a path outside the zones, which the agent can write")
            }
        }
    }

    /// The settings with symbolic links resolved in the source, the zones, the mountpoint's directory and the patterns' leading names, as far as they
    /// exist: the paths that the daemon's patterns are compared with.
    package func resolvingSymbolicLinks() -> Configuration {
        var resolved = self
        resolved.viewSource = Paths.resolved(viewSource)
        resolved.viewMountpoint = Paths.resolved(viewMountpoint)
        resolved.codeRepo = Paths.resolved(codeRepo)
        resolved.sandbox = Paths.resolved(sandbox)
        resolved.hide = hide.map(Paths.resolvedPattern)
        resolved.protect = protect.map(Paths.resolvedPattern)
        return resolved
    }
}
