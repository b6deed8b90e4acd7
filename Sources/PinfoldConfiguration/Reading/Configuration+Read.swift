internal import DataRoot
internal import DeployModel
internal import PlainText
internal import ZonePolicy

extension Configuration {
    init(_ source: ValueSource) throws(ConfigurationError) {
        var reader = ValueReader(source)
        data = try DataTopic(&reader).root
        zones = try ZoneSettings(&reader)
        view = try ViewSettings(&reader)
        agent = try AgentSettings(&reader)
        deploy = try DeploySettings(&reader)
        view.hide += DefaultPattern.alwaysHidden(in: data).map(\.pattern)
        settings = reader.settings
        try checkTogether()
    }

    /// What is wrong only in the sight of each other. What needs the disk is checked where the disk is used.
    private func checkTogether() throws(ConfigurationError) {
        let zones = [("AGENT_CODE_REPO_PATH", self.zones.codeRepo), ("AGENT_SANDBOX_PATH", self.zones.sandbox)]
        for (name, path) in zones {
            guard !Paths.isInside(view.source, path), Paths.isInside(path, view.source) else {
                throw ConfigurationError(
                    variable: name, value: path,
                    reason: "the zone does not lie below AGENT_VIEW_SOURCE (\(view.source.plain()))",
                    accepted: "a directory below it")
            }
        }
        let (codeRepo, sandbox) = (self.zones.codeRepo, self.zones.sandbox)
        guard !Paths.isInside(codeRepo, sandbox), !Paths.isInside(sandbox, codeRepo) else {
            throw ConfigurationError(
                variable: "AGENT_SANDBOX_PATH", value: sandbox,
                reason: "the zones lie inside each other (AGENT_CODE_REPO_PATH is \(codeRepo.plain()))",
                accepted: "two directories, neither inside the other")
        }
        for (name, zone) in zones {
            // What the agent can write must hold nothing that decides over it.
            let held = [
                ("AGENT_DEPLOY_TARGET", deploy.versions.target),
                ("AGENT_DEPLOY_CLIENT_PUBLIC", deploy.client.publicDirectory ?? data.client),
                ("AGENT_DATA_ROOT", data.deployments), ("AGENT_VIEW_MOUNTPOINT", view.mountpoint),
            ]
            for (other, path) in held where Paths.isInside(path, zone) || other == "AGENT_DATA_ROOT" && Paths.isInside(zone, path) {
                throw ConfigurationError(
                    variable: other, value: path,
                    reason: "it and the zone \(name) (\(zone.plain())) lie inside each other",
                    accepted: "a path outside the zones, which the agent can write")
            }
        }
        try checkPublished()
    }

    /// Where a commit's files are written must be nothing that decides over the agent.
    private func checkPublished() throws(ConfigurationError) {
        let published = [
            ("AGENT_DEPLOY_TARGET", deploy.versions.target, own: data.current, other: data.client),
            ("AGENT_DEPLOY_CLIENT_PUBLIC", deploy.client.publicDirectory ?? data.client, own: data.client, other: data.current),
        ]
        for (name, path, own, other) in published {
            let kept = data.kept + [other]
            guard !Paths.isInside(data.deployments, path), !kept.contains(where: { Paths.isInside(path, $0) }) else {
                throw ConfigurationError(
                    variable: name, value: path,
                    reason: "what a commit deploys would be written over what Pinfold keeps in \(data.deployments.plain())",
                    accepted: "a path outside it, or \(own.plain())")
            }
        }
    }

    /// The settings with symbolic links resolved in the source, the zones, the mountpoint's directory and the patterns' leading names, as far as they
    /// exist: the paths that the daemon's patterns are compared with.
    package func resolvingSymbolicLinks() -> Configuration {
        var resolved = self
        resolved.view.source = Paths.resolved(view.source)
        resolved.view.mountpoint = Paths.resolved(view.mountpoint)
        resolved.zones.codeRepo = Paths.resolved(zones.codeRepo)
        resolved.zones.sandbox = Paths.resolved(zones.sandbox)
        resolved.view.hide = view.hide.map(Paths.resolvedPattern)
        resolved.view.protect = view.protect.map(Paths.resolvedPattern)
        return resolved
    }
}
