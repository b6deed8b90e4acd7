import LinuxSystem
import TestSupport
import Testing

/// Whose rights deployed code has: `pinfold doctor` names a process that has too many.
@Suite(.timeLimit(.minutes(10)))
struct ServerRightsTests {
    /// A server, started by a script with `$R` as the release and `$T` as the target, and what is to be said of it.
    struct Server: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let script: String
        let state: String
        let words: [String]
    }

    private static let own = "setpriv --reuid=4711 --regid=4711 --clear-groups"
    static let servers: [Server] = [
        Server(
            testDescription: "root, by the working directory", script: "cd $R; exec sleep 100", state: "failed",
            words: ["working directory", "as root"]),
        Server(
            testDescription: "root, by the program", script: "cd /; exec $R/bin/server 100", state: "failed",
            words: ["(server, by its program)", "as root"]),
        Server(
            testDescription: "root, by a script that a relative argument and the target lead to",
            script: "cd ${T%/*}; exec python3 current/server.py", state: "failed", words: ["argument", "as root"]),
        Server(
            testDescription: "root, by a link elsewhere", script: "ln -s $T/server.py $T.link; cd /; exec python3 $T.link",
            state: "failed", words: ["argument", "as root"]),
        Server(
            testDescription: "root, by a library",
            script: "cd /; exec python3 -c \"import ctypes, time; ctypes.CDLL('$T/lib.so'); time.sleep(100)\"", state: "failed",
            words: ["mapped file", "as root"]),
        Server(
            testDescription: "root, at another path in mounts of its own",
            script: "exec unshare -m sh -c \"umount -a -l -t fuse.pinfold; mount --bind $R /mnt; cd /mnt; exec sleep 100\"",
            state: "failed",
            words: ["working directory", "as root"]),
        Server(
            testDescription: "root, in a version that was removed", script: "cd $R; rm -r $R; exec sleep 100", state: "failed",
            words: ["working directory", "as root"]),
        Server(
            testDescription: "a user that can be root again", script: "cd $R; exec setpriv --euid=4711 sleep 100", state: "failed",
            words: ["as root"]),
        Server(
            testDescription: "a user with a capability",
            script: "cd $R; exec \(own) --inh-caps=+sys_admin --ambient-caps=+sys_admin sleep 100", state: "failed",
            words: ["CAP_SYS_ADMIN", "as good as root"]),
        Server(
            testDescription: "the agent's user", script: "cd $R; exec setpriv --reuid=54321 --regid=54321 --clear-groups sleep 100",
            state: "limited", words: ["as the agent's own user"]),
        Server(
            testDescription: "root, that keeps a server of another user running", script: "cd /; exec sh -c 'sleep 100; :' $T",
            state: "ok", words: ["no process runs from"]),
        Server(testDescription: "a user of its own", script: "cd $R; exec \(own) sleep 100", state: "ok", words: ["as uid 4711"]),
        Server(testDescription: "nobody", script: "cd /; exec sleep 100", state: "ok", words: ["no process runs from"]),
    ]

    @Test(arguments: servers) func `doctor says whose rights the deployed code has`(server: Server) throws {
        try Installation.with { installation in
            try installation.makeZones()
            let release = installation.data + "/deployments/releases/1-abc"
            let target = installation.data + "/deployments/current"
            try shell(
                """
                mkdir -p '\(release)/bin'; ln -s '\(release)' '\(target)'; cp "$(command -v sleep)" '\(release)/bin/server'
                echo 'import time; time.sleep(100)' >'\(release)/server.py'
                cp "$(ldconfig -p | sed -n 's/.*libz.so.1 .*=> //p' | head -n 1)" '\(release)/lib.so'
                """
            ).requireSuccess()
            let process = try ChildProcess(
                .init(
                    "sh", ["-c", server.script], environment: mergedEnvironment(["R": release, "T": target]), workingDirectory: "/",
                    descriptors: [:]))
            var check: JSONText?
            try eventually("\(server.words) is said: \(String(describing: check))") {
                let report = try JSONText(installation.pinfold("doctor", "--json").output)
                check = report["checks"]?.array?.first { $0["name"]?.string == "the server's user" }
                let finding = check?["finding"]?.string ?? ""
                let isNamed = server.state == "ok" || finding.contains("process \(process.pid) (")
                return isNamed && server.words.allSatisfy { finding.contains($0) }
            }
            #expect(check?["state"]?.string == server.state)
            #expect((check?["advice"]?.string?.contains("a user of its own") ?? false) == (server.state != "ok"))
            try process.signal(9)
            _ = try process.wait()
        }
    }
}
