extension Fence {
    /// A fence for a test run, a build, or a tool that reads what the agent wrote: the system read-only, the given directories, an empty
    /// `/tmp`, and nothing else of the host.
    ///
    /// - Parameters:
    ///   - name: what it is for, in a word.
    ///   - user: whom it runs as; the writable directories must belong to this user already.
    ///   - readOnly: host directories or files to show, and where.
    ///   - writable: host directories that it may change, and where: a throw-away copy, an output directory.
    ///   - workingDirectory: a path inside, where the command starts. HOME is `/tmp` unless `environment` says otherwise.
    ///   - environment: added to PATH, HOME, USER, LOGNAME, TMPDIR, LANG.
    package static func confinedTool(
        name: String, user: FenceUser, readOnly: [(source: String, at: String)] = [], writable: [(source: String, at: String)],
        workingDirectory: String, network: Network = .none, environment: [String: String] = [:], limits: Limits = .judging,
        temporaryBytes: UInt64 = 1 << 30
    ) -> Fence {
        var mounts = systemMounts(network: network)
        mounts += [
            .processes, .devices(sharedMemory: temporaryBytes), .temporary(at: "/tmp", bytes: temporaryBytes, mode: 0o1777),
            .empty(at: "/run"), .empty(at: "/var"), .symbolicLink(to: "/run", at: "/var/run"),
            .symbolicLink(to: "/tmp", at: "/var/tmp"),
        ]
        mounts += readOnly.map { .readOnly($0.source, at: $0.at) }
        mounts += writable.map { .bind($0.source, at: $0.at) }
        var values = [
            "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/tmp", "TMPDIR": "/tmp",
            "LANG": "C.UTF-8",
            "USER": user.name, "LOGNAME": user.name,
        ]
        values.merge(environment) { $1 }
        let sealed = ["/", "/usr", "/etc", "/run", "/var"] + readOnly.filter { FileKind.of($0.source) == .directory }.map(\.at)
        return Fence(
            mounts: mounts, user: user, network: network, limits: limits, environment: values,
            workingDirectories: [workingDirectory],
            writable: ["/tmp", "/dev/shm"] + writable.map(\.at), sealed: sealed, terminal: false, name: name)
    }

    /// The host's programs and libraries, and of `/etc` what they need to know: no passwords, no keys, no service's configuration.
    private static func systemMounts(network: Network) -> [Mount] {
        var mounts: [Mount] = []
        for directory in ["/usr", "/opt"] where FileKind.of(directory) == .directory {
            mounts.append(.readOnly(directory, at: directory))
        }
        for name in ["/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32"] {
            switch FileKind.of(name) {
            // Merged into /usr, as on Debian: the same links.
            case .symbolicLink(let target): mounts.append(.symbolicLink(to: target, at: name))
            case .directory: mounts.append(.readOnly(name, at: name))
            default: continue
            }
        }
        mounts.append(.empty(at: "/etc"))
        for name in readableSettings + (network == .host ? ["resolv.conf"] : []) {
            let path = "/etc/" + name
            // A link into a place that is not shown would dangle: what it leads to is bound in its stead.
            if let target = FileKind.resolved(path) { mounts.append(.readOnly(target, at: path)) }
        }
        if let runtime = OwnExecutables.runtimeDirectory, !runtime.hasPrefix("/opt/") {
            mounts.append(.readOnly(runtime, at: runtime))
        }
        return mounts
    }

    private static let readableSettings = [
        "alternatives", "bash.bashrc", "ca-certificates", "debian_version", "default/locale", "fonts", "group", "host.conf",
        "hosts",
        "inputrc", "java-11-openjdk", "java-17-openjdk", "java-21-openjdk", "ld.so.cache", "ld.so.conf", "ld.so.conf.d",
        "locale.alias",
        "localtime", "magic", "mime.types", "nsswitch.conf", "os-release", "passwd", "perl", "profile", "protocols", "python3",
        "python3.11", "python3.12", "python3.13", "services", "shells", "ssl/certs", "ssl/openssl.cnf", "terminfo", "timezone",
    ]
}
