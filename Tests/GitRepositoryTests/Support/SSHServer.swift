import CLinux
import LinuxSystem
import SystemPackage
import TestSupport

/// A real sshd on a port of loopback, with keys of its own; whoever shows the right key may run git's own restricted shell as root.
struct SSHServer: ~Copyable {
    let directory: String
    let port: Int
    private let process: ChildProcess

    /// - Parameter hostKeys: the types of its own keys.
    init(in directory: String, hostKeys: [String] = ["ed25519", "ecdsa"]) throws {
        // Where the unprivileged part of sshd lives.
        try makeDirectories("/run/sshd")
        try makeDirectories(directory)
        for type in hostKeys { try Self.makeKey(type, at: directory + "/host_" + type) }
        for name in ["ed25519", "ecdsa"] { try Self.makeKey(name, at: directory + "/user_" + name) }
        let restriction = "restrict,command=\"/usr/bin/git-shell -c \\\"$SSH_ORIGINAL_COMMAND\\\"\" "
        try writeFile(
            directory + "/authorized",
            try ["ed25519", "ecdsa"].map { restriction + (try readFile(directory + "/user_\($0).pub")) }.joined())
        let port = try freePort()
        try writeFile(
            directory + "/sshd_config",
            """
            ListenAddress 127.0.0.1:\(port)
            \(hostKeys.map { "HostKey \(directory)/host_\($0)" }.joined(separator: "\n"))
            AuthorizedKeysFile \(directory)/authorized
            PidFile none
            UsePAM no
            StrictModes no
            AuthenticationMethods publickey
            PermitRootLogin forced-commands-only
            LogLevel VERBOSE

            """)
        let log = try FileDescriptor.open(
            FilePath(directory + "/log"), .writeOnly, options: [.create, .truncate, .closeOnExec], permissions: .ownerReadWrite)
        defer { try? log.close() }
        let started = try ChildProcess(
            .init(
                "/usr/sbin/sshd", ["-D", "-e", "-f", directory + "/sshd_config"], descriptors: [2: log.rawValue], newSession: true))
        while try !readFile(directory + "/log").contains("Server listening") {
            guard try !started.ends(withinMilliseconds: 10) else {
                throw TestFailure("sshd does not start: \(try readFile(directory + "/log"))")
            }
        }
        self.directory = directory
        self.port = port
        process = started
    }

    static func makeKey(_ type: String, at path: String, passphrase: String = "") throws {
        try run("ssh-keygen", ["-q", "-t", type, "-N", passphrase, "-f", path]).requireSuccess()
    }

    /// What it said so far: who tried what.
    var log: String { get throws { try readFile(directory + "/log") } }

    func key(_ type: String) -> String { directory + "/user_" + type }

    func address(of repository: String) -> String { "ssh://root@127.0.0.1:\(port)\(repository)" }

    /// A known_hosts file with the keys of those types.
    func knownHosts(_ types: String..., hashed: Bool = false) throws -> String {
        let path = directory + "/known_hosts_" + types.joined(separator: "_") + (hashed ? "_hashed" : "")
        try writeFile(path, try types.map { "[127.0.0.1]:\(port) " + (try readFile(directory + "/host_\($0).pub")) }.joined())
        if hashed { try run("ssh-keygen", ["-q", "-H", "-f", path]).requireSuccess() }
        return path
    }
}

/// A port of loopback that nobody listens on.
func freePort() throws -> Int {
    let script = "import socket; s = socket.socket(); s.bind(('127.0.0.1', 0)); print(s.getsockname()[1])"
    guard let port = Int(try run("python3", ["-c", script]).requireSuccess().trimmingEnd) else { throw TestFailure("no port") }
    return port
}
