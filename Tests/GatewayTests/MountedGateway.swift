import CLinux
import LinuxSystem
import SystemPackage
import TestSupport

/// The real `pinfold-mount` in a child process, over a source of this test alone.
///
/// A process that reads its own mount can hang itself for good, so the mount is always another process's.
final class MountedGateway: Sendable {
    /// What `withGateway` is to start.
    struct Options: Sendable {
        var hide: [String] = []
        var protect: [String] = [".git/hooks", ".git/config"]
        var without: [String] = []
        var more: [String] = []
        /// Whether the test kills servers: else none of them may end before the view does.
        var killsServers = false
    }

    /// The uid and gid that the agent has in these tests; nobody of that number exists.
    static let agent: (uid: UInt32, gid: UInt32) = (61_234, 61_234)

    /// The directory of this test; everything is in it.
    let directory: String
    /// The tree below, as the machine has it.
    var source: String { directory + "/source" }
    var codeRepo: String { source + "/data/code-repo" }
    var sandbox: String { source + "/data/sandbox" }
    /// The mountpoint, and the zones as the agent sees them.
    var view: String { directory + "/view" }
    var viewCodeRepo: String { view + "/data/code-repo" }
    var viewSandbox: String { view + "/data/sandbox" }
    var log: String { directory + "/log" }
    /// The process that was started, which keeps the one that serves.
    let pid: Int32
    /// The process that serves now; the same where it outlives nobody.
    var server: Int32 { get throws { try servers(of: pid).first ?? pid } }

    init(directory: String, pid: Int32) {
        self.directory = directory
        self.pid = pid
    }

    /// The command line of a gateway over `directory`.
    static func arguments(_ directory: String, _ options: Options = Options()) -> [String] {
        var words = [
            "--source", directory + "/source", "--mountpoint", directory + "/view", "--code-repo",
            directory + "/source/data/code-repo",
            "--sandbox", directory + "/source/data/sandbox", "--agent", "\(agent.uid):\(agent.gid)",
        ]
        for glob in options.hide { words += ["--hide", glob] }
        for glob in options.protect { words += ["--protect", glob] }
        for technique in options.without { words += ["--without", technique] }
        return words + options.more
    }

    /// The directories that a gateway needs, the zones given to the agent.
    static func makeDirectories(in directory: String) throws {
        for zone in ["code-repo", "sandbox"] {
            let path = "\(directory)/source/data/\(zone)"
            try TestSupport.makeDirectories(path)
            try run("chown", ["\(agent.uid):\(agent.gid)", path]).requireSuccess()
        }
        try TestSupport.makeDirectories(directory + "/view")
    }

    /// How many requests of each kind the plane (`view`, `code-repo` or `sandbox`) has served so far.
    func requests(_ plane: String) async throws -> [String: Int] {
        func lines() -> [Substring] {
            ((try? readFile(log)) ?? "").split(separator: "\n").filter { $0.hasPrefix("pinfold-mount: requests \(plane):") }
        }
        let before = lines().count
        guard kill(pid, SIGUSR1) == 0 else { throw TestFailure("the gateway has ended: \((try? readFile(log)) ?? "")") }
        try await eventually("the gateway says its counts") { lines().count > before }
        var counts: [String: Int] = [:]
        for word in lines().last?.split(separator: " ") ?? [] {
            let parts = word.split(separator: "=")
            if parts.count == 2 { counts[String(parts[0])] = Int(parts[1]) }
        }
        return counts
    }

    /// How many requests of each kind `body` caused on the plane.
    func requests(_ plane: String, during body: () throws -> Void) async throws -> [String: Int] {
        let before = try await requests(plane)
        try body()
        let after = try await requests(plane)
        return after.reduce(into: [:]) { result, entry in
            let difference = entry.value - (before[entry.key] ?? 0)
            if difference != 0 { result[entry.key] = difference }
        }
    }

    /// Runs a script as the agent, from the view's directory.
    @discardableResult
    func asAgent(_ script: String, seconds: Int32 = 60) throws -> Finished {
        try shell(script, environment: ["HOME": viewSandbox], workingDirectory: view, user: Self.agent, seconds: seconds)
    }
}

/// Starts a gateway over a new source, which `prepare` fills first, and stops it after `body`.
func withGateway<Result>(
    _ options: MountedGateway.Options = .init(), prepare: (String) throws -> Void = { _ in },
    _ body: (MountedGateway) async throws -> Result
) async throws -> Result {
    try await withTemporaryDirectory { directory in
        try MountedGateway.makeDirectories(in: directory)
        try prepare(directory + "/source")
        return try await withGateway(in: directory, options, body)
    }
}

/// The same over directories that are there already.
func withGateway<Result>(
    in directory: String, _ options: MountedGateway.Options = .init(), _ body: (MountedGateway) async throws -> Result
) async throws -> Result {
    let child = try startGateway(MountedGateway.arguments(directory, options), log: directory + "/log")
    let outcome: Swift.Result<Result, any Error>
    do {
        outcome = .success(try await body(MountedGateway(directory: directory, pid: child.pid)))
    } catch {
        outcome = .failure(error)
    }
    // Also after a failure: whatever is mounted would keep the directory from being removed.
    try finish(child, directory, options)
    return try outcome.get()
}

/// Starts `pinfold-mount` and waits until it says that the view answers.
func startGateway(_ arguments: [String], log path: String) throws -> ChildProcess {
    var ends: [Int32] = [-1, -1]
    _ = try check { unsafe pipe2(&ends, O_CLOEXEC) }
    let reader = Descriptor(owning: ends[0])
    let writer = Descriptor(owning: ends[1])
    let log = Descriptor(owning: try check { unsafe pinfold_open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644) })
    let null = Descriptor(owning: try check { unsafe pinfold_open("/dev/null", O_RDONLY | O_CLOEXEC, 0) })
    let child = try ChildProcess(
        .init(
            Executables.mount, arguments + ["--ready-fd", "3"],
            descriptors: [0: null.rawValue, 1: log.rawValue, 2: log.rawValue, 3: writer.rawValue]))
    close(writer.release())
    var answer: [UInt8] = []
    var byte: UInt8 = 0
    let raw = reader.rawValue
    var entry = pollfd(fd: raw, events: Int16(POLLIN), revents: 0)
    while answer.last != UInt8(ascii: "\n"), unsafe poll(&entry, 1, 60_000) == 1, unsafe read(raw, &byte, 1) == 1 {
        answer.append(byte)
    }
    guard answer == Array("ready\n".utf8) else {
        // Its keeper tells of one that it has ended when it is gone.
        let ended = try child.ends(withinMilliseconds: 30_000) ? "\(try child.wait())" : "not yet"
        throw TestFailure(
            "pinfold-mount said '\(String(decoding: answer, as: UTF8.self))' and ended with \(ended): \((try? readFile(path)) ?? "")"
        )
    }
    return child
}

private func finish(_ child: consuming ChildProcess, _ directory: String, _ options: MountedGateway.Options) throws {
    try? child.signal(SIGTERM)
    if try !child.ends(withinMilliseconds: 30_000) {
        try? child.signal(SIGKILL)
        _ = try child.wait()
        throw TestFailure("the gateway did not end at SIGTERM: \((try? readFile(directory + "/log")) ?? "")")
    }
    _ = try child.wait()
    let log = (try? readFile(directory + "/log")) ?? ""
    // Whatever a test did, serving it took no system call that `ServingCalls` does not have.
    guard !log.contains("was refused (EPERM)") else { throw TestFailure("the daemon was refused system calls: \(log)") }
    // A fault of the daemon's does not show, since another process goes on.
    guard options.killsServers || !log.contains("another one goes on") else { throw TestFailure("a server has ended: \(log)") }
}

/// The processes that serve for the one that was started.
func servers(of keeper: Int32) throws -> [Int32] {
    try run("pgrep", ["-r", "R,S,D", "-P", "\(keeper)", "-x", "pinfold-server"]).output.split(separator: "\n").compactMap {
        Int32($0)
    }
}
