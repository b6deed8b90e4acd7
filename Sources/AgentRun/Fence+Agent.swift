package import Fence
internal import LinuxSystem

extension Fence {
    /// The fence of `pinfold run`: the view is the root directory, or lies over its source's own path in its surroundings.
    ///
    /// - Parameters:
    ///   - workingDirectory: the caller's; kept where it exists inside, else the command starts in the sandbox.
    ///   - callersEnvironment: what the allow-list picks from.
    ///   - environment: set whatever the caller has.
    package static func agent(
        _ view: AgentView, user: FenceUser, network: Network, workingDirectory: String, callersEnvironment: [String: String],
        environment: [String: String] = [:], terminal: Bool, limits: Limits = .generous, group: Group = Group("run"),
        temporaryBytes: UInt64 = 4 << 30
    ) -> Fence {
        // Whatever is seen through the gateway has nobody behind it: no socket, FIFO or device of the host's, made before or after the start.
        var mounts: [Mount] = [
            .bind(view.surroundings ?? view.mountpoint, at: "/"), .processes, .devices(sharedMemory: temporaryBytes),
            .temporary(at: "/tmp", bytes: temporaryBytes, mode: 0o1777),
            // What services keep there for each other is not the agent's.
            .empty(at: "/run"),
        ]
        var covered = ["/tmp", "/run"]
        // Where it is no link to /run.
        if FileKind.at("/var/run") == .directory {
            mounts.append(.empty(at: "/var/run"))
            covered.append("/var/run")
        }
        mounts += processors(in: view.surroundings ?? view.mountpoint)
        if network == .host { mounts += resolver(view, covered: covered) }
        if view.source == "/" {
            // What the mounts above lie over.
            covered += ["/dev", "/proc", "/sys"]
            let wanted = view.zones.allSatisfy { isAtOrBelow($0, view.dataRoot) } ? [view.dataRoot] : view.zones
            for path in wanted where covered.contains(where: { isAtOrBelow(path, $0) }) {
                mounts.append(.bind(view.mounted(path), at: path))
            }
        } else {
            if let gap = gap(above: view.source, in: view.surroundings ?? "") { mounts.append(.empty(at: gap)) }
            mounts.append(.bind(view.mountpoint, at: view.source))
        }
        if let directory = view.agentSocketDirectory { mounts.append(.readOnly(directory, at: directory)) }

        var values = callersEnvironment.filter { name, _ in passedOn.contains(name) || name.hasPrefix("LC_") }
        values["PATH"] = path(from: callersEnvironment["PATH"])
        values["HOME"] = view.sandbox
        values["TMPDIR"] = "/tmp"
        values.merge(sanitizerOptions) { $1 }
        values["AGENT_DATA_ROOT"] = view.dataRoot
        values["AGENT_CODE_REPO_PATH"] = view.codeRepo
        values["AGENT_SANDBOX_PATH"] = view.sandbox
        values.merge(environment) { $1 }
        let account = Account(of: user, home: values["HOME"] ?? view.sandbox)
        mounts += account.mounts(whereShown: view.shown("/etc/passwd"))
        for name in ["USER", "LOGNAME"] where environment[name] == nil { values[name] = account.name }

        var sealed = ["/", view.source, parent(of: view.codeRepo), parent(of: view.sandbox)]
        sealed += ["/etc", "/usr"].filter { FileKind.at($0) == .directory }
        if let directory = view.agentSocketDirectory { sealed.append(directory) }
        sealed = sealed.enumerated().filter { !sealed[..<$0.offset].contains($0.element) }.map(\.element)
        return Fence(
            mounts: mounts, user: user, network: network, limits: limits, group: group, environment: values,
            workingDirectories: [view.inside(workingDirectory), view.sandbox],
            writable: view.zones + ["/tmp", "/dev/shm"] + [messageQueues].compactMap { $0 },
            sealed: sealed, terminal: terminal, name: "pinfold")
    }

    /// The nearest directory above `path` that is there in `surroundings`, where `path` is not: the source may be on a file system that is shown as an empty
    /// directory, another FUSE one say. Nil where all of it is there, or nothing: then nothing is mounted, and the fence is explained alone.
    private static func gap(above path: String, in surroundings: String) -> String? {
        var directory = path
        while directory != "/" {
            if FileKind.at(surroundings + directory) == .directory { return directory == path ? nil : directory }
            directory = parent(of: directory)
        }
        return nil
    }

    /// What of the caller's environment the command sees: nothing that could be a secret.
    static let passedOn: Set<String> = [
        "TERM", "COLORTERM", "NO_COLOR", "LANG", "LANGUAGE", "TZ", "SSL_CERT_FILE", "SSL_CERT_DIR",
    ]

    /// The caller's PATH without what is no absolute path, since the working directory inside may be the agent's own, and without what is there already:
    /// each entry may be a question to the view.
    private static func path(from callers: String?) -> String {
        var taken: [String] = []
        var path = ""
        for directory in (callers ?? "").split(separator: ":").map(String.init)
        where directory.hasPrefix("/") && !taken.contains(directory) {
            taken.append(directory)
            path += (path.isEmpty ? "" : ":") + directory
        }
        return path.isEmpty ? "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin" : path
    }

    private static func parent(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/"), slash != path.startIndex else { return "/" }
        return String(path[..<slash])
    }
}
