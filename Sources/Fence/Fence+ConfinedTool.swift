internal import LinuxSystem

extension Fence {
    /// A fence for a test run, a build, or a tool that reads what the agent wrote: the system read-only, the given directories, an empty
    /// `/tmp`, and nothing else of the host.
    ///
    /// - Parameters:
    ///   - name: what it is for, in a word.
    ///   - user: whom it runs as; the writable directories must belong to this user already.
    ///   - host: what it sees of the host's system.
    ///   - readOnly: host directories or files to show, and where.
    ///   - files: files in memory that it sees, and where.
    ///   - writable: host directories that it may change, and where: a throw-away copy, an output directory.
    ///   - workingDirectory: a path inside, where the command starts. HOME is `/tmp` unless `environment` says otherwise.
    ///   - group: what it is bounded by in sum; nil for a group that bounds nothing but the number of processes.
    ///   - environment: added to PATH, HOME, USER, LOGNAME, TMPDIR, LANG.
    package static func confinedTool(
        name: String, user: FenceUser, host: HostParts = .few, readOnly: [(source: String, at: String)] = [],
        files: [(at: String, bytes: [UInt8])] = [], writable: [(source: String, at: String)],
        workingDirectory: String, network: Network = .none, environment: [String: String] = [:], limits: Limits = .judging,
        group: Group? = nil, temporaryBytes: UInt64 = 1 << 30
    ) -> Fence {
        var mounts = host.base
        if network == .host, host == .few, let resolver = canonicalPath("/etc/resolv.conf") {
            mounts.append(.readOnly(resolver, at: "/etc/resolv.conf"))
        }
        mounts += [
            .processes, .devices(sharedMemory: temporaryBytes), .temporary(at: "/tmp", bytes: temporaryBytes, mode: 0o1777),
            .empty(at: "/run"), .empty(at: "/var"), .symbolicLink(to: "/run", at: "/var/run"),
            .temporary(at: "/var/tmp", bytes: temporaryBytes, mode: 0o1777),
        ]
        mounts += host.over
        mounts += readOnly.map { .readOnly($0.source, at: $0.at) }
        mounts += files.map { .file(at: $0.at, $0.bytes) }
        mounts += writable.map { .bind($0.source, at: $0.at) }
        var values = [
            "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/tmp", "TMPDIR": "/tmp",
            "LANG": "C.UTF-8",
        ]
        values.merge(sanitizerOptions) { $1 }
        values.merge(environment) { $1 }
        let account = Account(of: user, home: values["HOME"] ?? "/tmp")
        mounts += account.mounts(whereShown: "/etc/passwd")
        for name in ["USER", "LOGNAME"] where environment[name] == nil { values[name] = account.name }
        let sealed =
            ["/", "/usr", "/etc", "/run", "/var"] + host.sealed
            + readOnly.filter { FileKind.at($0.source) == .directory }.map(\.at)
        return Fence(
            mounts: mounts, user: user, network: network, limits: limits, group: group ?? Group(name), environment: values,
            workingDirectories: [workingDirectory],
            writable: ["/tmp", "/var/tmp", "/dev/shm"] + [messageQueues].compactMap { $0 } + writable.map(\.at), sealed: sealed,
            terminal: false, name: name)
    }
}
