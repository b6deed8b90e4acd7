extension Fence {
    /// The fence of `pinfold run`: the view is the root directory, or lies over its source's own path in a read-only system.
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
        var mounts: [Mount] = view.source == "/" ? [.bind(view.mountpoint, at: "/")] : [.readOnly("/", at: "/")]
        mounts += [
            .processes, .devices(sharedMemory: temporaryBytes), .temporary(at: "/tmp", bytes: temporaryBytes, mode: 0o1777),
            // The host's sockets: D-Bus, Docker, whatever else listens there.
            .empty(at: "/run"),
        ]
        // Where it is no link to /run.
        if FileKind.of("/var/run") == .directory { mounts.append(.empty(at: "/var/run")) }
        if view.source == "/" {
            // What the mounts above lie over.
            let covered = ["/tmp", "/run", "/var/run", "/dev", "/proc"]
            let wanted = view.zones.allSatisfy { isAtOrBelow($0, view.dataRoot) } ? [view.dataRoot] : view.zones
            for path in wanted where covered.contains(where: { isAtOrBelow(path, $0) }) {
                mounts.append(.bind(view.mounted(path), at: path))
            }
        } else {
            mounts += Concealment.mounts(hide: view.hide, presentedBelow: view.source)
            if !isAtOrBelow(view.mountpoint, "/run"), !isAtOrBelow(view.mountpoint, "/tmp"),
                !isAtOrBelow(view.source, view.mountpoint)
            {
                mounts.append(.empty(at: view.mountpoint))
            }
            mounts.append(.bind(view.mountpoint, at: view.source))
        }
        if let directory = view.agentSocketDirectory { mounts.append(.readOnly(directory, at: directory)) }

        var values = callersEnvironment.filter { name, _ in passedOn.contains(name) || name.hasPrefix("LC_") }
        values["PATH"] = path(from: callersEnvironment["PATH"])
        values["HOME"] = view.sandbox
        values["TMPDIR"] = "/tmp"
        values.merge(sanitizerOptions) { $1 }
        values["USER"] = user.name
        values["LOGNAME"] = user.name
        values["AGENT_DATA_ROOT"] = view.dataRoot
        values["AGENT_CODE_REPO_PATH"] = view.codeRepo
        values["AGENT_SANDBOX_PATH"] = view.sandbox
        values.merge(environment) { $1 }

        var sealed = ["/", view.source, parent(of: view.codeRepo), parent(of: view.sandbox)]
        sealed += ["/etc", "/usr"].filter { FileKind.of($0) == .directory }
        if let directory = view.agentSocketDirectory { sealed.append(directory) }
        sealed = sealed.enumerated().filter { !sealed[..<$0.offset].contains($0.element) }.map(\.element)
        return Fence(
            mounts: mounts, user: user, network: network, limits: limits, group: group, environment: values,
            workingDirectories: [view.inside(workingDirectory), view.sandbox], writable: view.zones + ["/tmp", "/dev/shm"],
            sealed: sealed, terminal: terminal, name: "pinfold")
    }

    /// LeakSanitizer stops the threads of its own process by `ptrace`, which the filter refuses: a program built with AddressSanitizer would end with
    /// that error instead of its own code.
    static let sanitizerOptions = ["LSAN_OPTIONS": "detect_leaks=0"]

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
