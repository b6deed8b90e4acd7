import CLinux
import Fence
import LinuxSystem
import SystemPackage
import TestSupport

/// A user of the tests alone: limits on processes count everything that a user runs.
let testUser = FenceUser(uid: 61_020, gid: 61_020, groups: [61_018], name: "viewing")

/// A served view in a directory of the test: a narrow source, `tree`, with the data root in it; or the whole system as source.
///
/// What the agent may not change belongs to its user and is writable for everybody, so that no permission can be what refuses.
struct Gateway: ~Copyable {
    let directory: String
    let whole: Bool
    private let daemon: ChildProcess
    private let log: String

    var tree: String { directory + "/tree" }
    var data: String { tree + "/data" }
    var mountpoint: String { directory + "/view" }
    /// Where a path of the host is seen in the mounted view.
    func mounted(_ path: String) -> String { mountpoint + (whole ? path : String(path.dropFirst(tree.count))) }

    /// Places outside the zones, each with a `file`, a `directory` and a `link`.
    var victims: [String] { [tree + "/victims", data, data + "/models", data + "/deployments/agent"] }

    /// - Parameters:
    ///   - audit: whether it keeps a record, in `deployments/audit` below the data root.
    ///   - without: techniques that are left off.
    ///   - direct: whether the kernel serves the sandbox by itself.
    init(
        _ directory: String, whole: Bool, hide: [String] = [], audit: Bool = false, without: [String] = [], direct: Bool = false
    ) throws {
        self.directory = directory
        self.whole = whole
        log = directory + "/log"
        daemon = try Self.serve(directory, whole: whole, hide: hide, audit: audit, without: without, direct: direct)
    }

    /// Makes the tree, starts the daemon and waits until the view answers. A daemon that does not is killed with the value that holds it.
    private static func serve(
        _ directory: String, whole: Bool, hide: [String], audit: Bool, without: [String], direct: Bool
    ) throws -> ChildProcess {
        let messages = directory + "/log"
        let tree = directory + "/tree"
        let data = tree + "/data"
        try makeDirectories(directory + "/view")
        for name in ["code-repo", "sandbox", "models", "deployments/agent"] { try makeDirectories(data + "/" + name) }
        for place in [tree + "/victims", data, data + "/models", data + "/deployments/agent"] {
            try makeDirectories(place + "/directory")
            try writeFile(place + "/file", "as it was\n")
            try run("ln", ["-s", "file", place + "/link"]).requireSuccess()
            try run("mkfifo", [place + "/fifo"]).requireSuccess()
            try run("chmod", ["-R", "a+rwX", place]).requireSuccess()
        }
        try run("chown", ["-R", "-h", "\(testUser.uid):\(testUser.gid)", tree]).requireSuccess()
        let output = Descriptor(
            owning: try check { unsafe pinfold_open(messages, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644) })
        let ready = Descriptor(
            owning: try check { unsafe pinfold_open(directory + "/ready", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644) })
        var words = [
            "--source", whole ? "/" : tree, "--mountpoint", directory + "/view", "--agent", "\(testUser.uid):\(testUser.gid)",
        ]
        words += ["--code-repo", data + "/code-repo", "--sandbox", data + "/sandbox", "--ready-fd", "3"]
        if !whole { words += ["--surroundings", MountRuntime(mountpoint: directory + "/view").surroundings] }
        if direct { words += ["--sandbox-access", "direct"] }
        for pattern in hide { words += ["--hide", pattern] }
        for technique in without { words += ["--without", technique] }
        if audit {
            try run("mkdir", ["-m", "700", data + "/deployments/audit"]).requireSuccess()
            words += ["--audit", data + "/deployments/audit"]
        }
        let said = directory + "/ready"
        let daemon = try ChildProcess(
            .init(
                Executables.mount, words, descriptors: [1: output.rawValue, 2: output.rawValue, 3: ready.rawValue], newSession: true
            ))
        try eventually("the view answers") {
            let answer = try readFile(said)
            if answer.hasPrefix("error") { throw TestFailure(answer + (try readFile(messages))) }
            return answer.hasPrefix("ready")
        }
        return daemon
    }

    func signal(_ number: Int32) throws { try daemon.signal(number) }

    /// Unmounts as an admin would, and waits for the daemon's end.
    consuming func stop() throws {
        try? daemon.signal(SIGTERM)
        guard try daemon.ends(withinMilliseconds: 30_000) else {
            _ = try run("umount", ["-l", mountpoint])
            throw TestFailure("the daemon did not stop: \(try readFile(log))")
        }
    }

    /// `pinfold run` with this view, and what it takes to find it.
    func arguments(_ words: [String], options: [String] = []) -> [String] {
        [
            "run", "--source", whole ? "/" : tree, "--mountpoint", mountpoint, "--data-root", data, "--agent-user",
            "\(testUser.uid):\(testUser.gid)",
        ] + options + ["--"] + words
    }

    func inside(_ words: [String], options: [String] = [], environment: [String: String] = [:], directory: String = "/") throws
        -> Finished
    {
        try run(
            Executables.pinfold, arguments(words, options: options), environment: environment, workingDirectory: directory,
            seconds: 100)
    }

    func attack(_ script: String, options: [String] = []) throws -> Finished {
        try inside(["/usr/bin/python3", "-I", "-c", attackPrelude + script], options: options)
    }

    /// Everything that could change on the disk outside the zones, ctime included, which no user can set.
    func fingerprint() throws -> String {
        let script = """
            import hashlib, os, stat, sys
            for top in sys.argv[1:]:
                for base, directories, files in os.walk(top):
                    directories[:] = sorted(d for d in directories if d not in ("code-repo", "sandbox"))
                    for name in ["."] + sorted(directories + files):
                        path = os.path.join(base, name); s = os.lstat(path)
                        held = hashlib.sha256(open(path, "rb").read()).hexdigest() if stat.S_ISREG(s.st_mode) else ""
                        print(path, s.st_ino, oct(s.st_mode), s.st_nlink, s.st_uid, s.st_gid, s.st_size, s.st_mtime_ns, s.st_ctime_ns, held,
                              sorted((n, os.getxattr(path, n, follow_symlinks=False)) for n in os.listxattr(path, follow_symlinks=False)))
            """
        return try run("/usr/bin/python3", ["-I", "-c", script, tree]).requireSuccess()
    }
}

/// A view for the length of `body`.
func withGateway(
    whole: Bool, below parent: String = "/var/tmp", hide: [String] = [], audit: Bool = false, direct: Bool = false,
    _ body: (borrowing Gateway) throws -> Void
) throws {
    try withTemporaryDirectory(below: parent) { directory in
        let gateway = try Gateway(directory, whole: whole, hide: hide, audit: audit, direct: direct)
        do {
            try body(gateway)
        } catch {
            try? gateway.stop()
            throw error
        }
        try gateway.stop()
    }
}
