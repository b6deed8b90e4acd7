import LinuxSystem
import TestSupport
import Testing

/// The units of `mount/` under the systemd that starts them, on a machine that was booted for each test.
@Suite(.timeLimit(.minutes(10)))
struct `On a machine with systemd` {
    /// A data root with its zones, the configuration that names it, and whatever a test adds.
    private func booted(_ directory: String, _ preparation: String = "") throws -> BootedMachine {
        let installation = try Installation(directory)
        try installation.makeZones()
        try makeDirectories(installation.data + "/deployments")
        try writeFile(
            directory + "/pinfold.env",
            """
            AGENT_DATA_ROOT=\(installation.data)
            AGENT_USER=\(installation.agent.uid):\(installation.agent.gid)
            AGENT_CODE_REPO_PATH=${AGENT_DATA_ROOT}/code-repo
            PINFOLD_AGENT_COMMAND=sh -c 'echo "started in $$PWD"; while :; do sleep 1; done'

            """)
        return try BootedMachine(
            in: directory, project: try projectFile("."),
            preparation: "install -m 644 \"$directory/pinfold.env\" etc/pinfold/pinfold.env\n" + preparation)
    }

    private let view = "/run/pinfold/view"

    /// The ids of what is mounted: a view that was taken away and mounted anew has others.
    /// The view, its two zones, and the logs, which are live.
    private func mounts(_ machine: borrowing BootedMachine) throws -> String {
        try machine.run("findmnt", "--submounts", "--list", "--noheadings", "--output", "ID,TARGET", view).output
    }

    /// The type of file system that the sandbox is in the view: the view's own where it is served.
    private func kindOfSandbox(_ machine: borrowing BootedMachine, _ directory: String) throws -> String {
        let path = "\(view)\(directory)/agent-data/sandbox"
        return String(try machine.run("findmnt", "--noheadings", "--output", "FSTYPE", path).requireSuccess().dropLast())
    }

    private func killDaemon(_ machine: borrowing BootedMachine) throws {
        try machine.shell("kill -KILL $(cat /run/pinfold/run-pinfold-view.lock)").requireSuccess()
    }

    @Test func `a unit whose start fails leaves the view alone that somebody else serves, and mount -a finds it mounted`() throws {
        try withTemporaryDirectory { directory in
            let machine = try booted(directory, "echo '/ \(view) pinfold noauto,nofail 0 0' >etc/fstab")
            try machine.run("pinfold", "mount").requireSuccess()
            let before = try mounts(machine)
            #expect(before.split(separator: "\n").count == 4, "\(before)")
            let started = try machine.run("systemctl", "start", "pinfold-mount")
            #expect(!started.status.isSuccess)
            #expect(try machine.state(of: "pinfold-mount") == "failed")
            #expect(try machine.journal(of: "pinfold-mount").contains("\(view) is in use: process"))
            #expect(try mounts(machine) == before)
            try machine.run("systemctl", "stop", "pinfold-mount").requireSuccess()
            #expect(try mounts(machine) == before)

            for line in ["/ \(view) pinfold defaults,nofail 0 0", "pinfold \(view) pinfold defaults 0 0"] {
                try machine.shell("echo '\(line)' >/etc/fstab; mount -a").requireSuccess()
                #expect(try mounts(machine) == before)
            }
            // Other settings are said, another view is refused; neither touches this one.
            let hidden = try machine.shell("echo '/ \(view) pinfold hide=/etc/motd 0 0' >/etc/fstab; mount -a")
            #expect(hidden.status.isSuccess && hidden.errors.contains("with other settings"), "\(hidden)")
            let other = try machine.shell("echo '/ \(view) pinfold agent-user=4711:4711 0 0' >/etc/fstab; mount -a")
            #expect(!other.status.isSuccess && other.errors.contains("serves another view there"), "\(other)")
            #expect(try mounts(machine) == before)
            try machine.shell("ls \(view) >/dev/null").requireSuccess()
        }
    }

    @Test func `at boot a line in fstab mounts the view, and the enabled deploy daemon starts no unit that is not enabled`() throws
    {
        try withTemporaryDirectory { directory in
            let machine = try booted(
                directory,
                """
                echo '/ \(view) pinfold defaults,nofail 0 0' >etc/fstab
                mkdir etc/systemd/system/multi-user.target.wants
                ln -s ../pinfold-deployd.service etc/systemd/system/multi-user.target.wants/
                """)
            #expect(try machine.state(of: "pinfold-deployd") == "active")
            #expect(try machine.state(of: "run-pinfold-view.mount") == "active")
            #expect(try machine.state(of: "pinfold-mount") == "inactive")
            #expect(try machine.journal(of: "pinfold-mount").contains("Starting") == false)
            let before = try mounts(machine)
            #expect(before.split(separator: "\n").count == 4, "\(before)")
            try machine.run("mount", "-a").requireSuccess()
            try machine.run("systemctl", "restart", "pinfold-deployd").requireSuccess()
            #expect(try machine.state(of: "pinfold-mount") == "inactive")
            #expect(try mounts(machine) == before)
        }
    }

    @Test func `the page's unit is up when its link is there for root alone, which opens it, and leaves nothing behind`() throws {
        try withTemporaryDirectory { directory in
            let machine = try booted(directory)
            let early = try machine.run("systemctl", "start", "pinfold-web")
            #expect(!early.status.isSuccess)
            #expect(try machine.journal(of: "pinfold-web").contains("the deploy daemon cannot be reached"))
            try machine.run("systemctl", "start", "pinfold-deployd").requireSuccess()
            let started = try machine.run("systemctl", "start", "pinfold-web")
            let journal = try machine.journal(of: "pinfold-web")
            #expect(started.status.isSuccess, "\(journal)")
            #expect(
                try machine.shell("cd /run/pinfold-web && stat -c '%a %U %n' . link").output == "700 root .\n600 root link\n")
            let opened = try machine.shell(
                """
                link=$(cat /run/pinfold-web/link) place=${link#http://} token=${link#*#}
                place=${place%%/*}
                curl -s -o /dev/null -w '%{http_code}' -H "Host: $place" -H "Origin: http://$place" --data "token=$token" \
                    "http://127.0.0.1:${place##*:}/session"
                """)
            #expect(opened.output == "303", "\(opened)")
            try machine.run("systemctl", "stop", "pinfold-web").requireSuccess()
            #expect(try machine.state(of: "pinfold-web") == "inactive")
            #expect(try !machine.shell("test -e /run/pinfold-web").status.isSuccess)
        }
    }

    @Test func `the agent's unit ends with its view and comes back with it, and a stop is clean`() async throws {
        try await withTemporaryDirectory { directory in
            let machine = try booted(
                directory,
                """
                printf "PINFOLD_AGENT_COMMAND=sh -c 'echo at work; exec sleep 1000'\\n" >etc/pinfold/agent-second.env
                mkdir etc/systemd/system/multi-user.target.wants
                for unit in pinfold-mount pinfold-agent; do ln -s ../$unit.service etc/systemd/system/multi-user.target.wants/; done
                """)
            try machine.run("systemctl", "start", "pinfold-agent@second").requireSuccess()
            func agents() throws -> [String] { try ["pinfold-agent", "pinfold-agent@second"].map { try machine.state(of: $0) } }
            let (begun, said) = (try agents(), try machine.journal(of: "pinfold-agent*"))
            #expect(begun == ["active", "active"], "\(said)")
            #expect(try machine.state(of: "pinfold-mount") == "active")
            // A unit is active from its first program on, which may still be looking at the view.
            try await eventually("both agents are at work") {
                let first = try machine.journal(of: "pinfold-agent")
                let second = try machine.journal(of: "pinfold-agent@second")
                return first.contains("started in") && second.contains("at work")
            }

            // Its daemon killed: the unit clears the dead view away and mounts it anew, the agents end with a line and code 4, and come back.
            try killDaemon(machine)
            // Asked of the journal: how long each is down is a moment, and not the same one.
            try await eventually("the agents have ended") {
                try ["pinfold-agent", "pinfold-agent@second"].allSatisfy {
                    try machine.journal(of: $0).contains("code=exited, status=4")
                }
            }
            try await eventually("the view is back") { try machine.state(of: "pinfold-mount") == "active" }
            try await eventually("the agents are back") { try agents() == ["active", "active"] }
            for agent in ["pinfold-agent", "pinfold-agent@second"] {
                let journal = try machine.journal(of: agent)
                #expect(
                    journal.contains("pinfold: the view at \(view) has died, and with it everything that ran in it"), "\(journal)")
                #expect(journal.contains("code=exited, status=4"), "\(journal)")
                // Not a start after the other while there was none.
                #expect(journal.split(separator: "\n").filter { $0.hasPrefix("Starting") }.count <= 4, "\(journal)")
            }
            #expect(try mounts(machine).split(separator: "\n").count == 4)

            // A view that is stopped on purpose and started again.
            try machine.run("systemctl", "stop", "pinfold-mount").requireSuccess()
            #expect(try mounts(machine) == "")
            try await eventually("the agents have ended") { try agents().allSatisfy { $0 != "active" } }
            try machine.run("systemctl", "start", "pinfold-mount").requireSuccess()
            try await eventually("the agents are back") { try agents() == ["active", "active"] }

            for agent in ["pinfold-agent", "pinfold-agent@second"] {
                try machine.run("systemctl", "stop", agent).requireSuccess()
                #expect(try machine.state(of: agent) == "inactive")
            }
            #expect(try machine.run("sh", "-c", "pgrep -u 54321 || true").output == "")
            #expect(try machine.state(of: "pinfold-mount") == "active")
        }
    }

    @Test func `a reload has another process serve the view, which systemd watches from then on, and a stop is clean`() async throws
    {
        try await withTemporaryDirectory { directory in
            let machine = try booted(directory)
            try machine.run("systemctl", "start", "pinfold-mount").requireSuccess()
            let before = try mounts(machine)
            // The unit narrows what the process may do, and not so far that the kernel could not serve the sandbox.
            let (kind, said) = (try kindOfSandbox(machine, directory), try machine.journal(of: "pinfold-mount"))
            #expect(kind != "fuse.pinfold", "\(said)")
            func main() throws -> String {
                try machine.run("systemctl", "show", "--value", "--property=MainPID", "pinfold-mount").output
            }
            for _ in 0..<2 {
                let first = try main()
                let reloaded = try machine.run("systemctl", "reload", "pinfold-mount")
                let journal = try machine.journal(of: "pinfold-mount")
                #expect(reloaded.status.isSuccess, "\(reloaded)\n\(journal)")
                try await eventually("systemd knows the new one") {
                    let lock = try machine.shell("cat /run/pinfold/run-pinfold-view.lock").output
                    return try main() == lock && lock != first
                }
                #expect(try machine.state(of: "pinfold-mount") == "active")
                #expect(try mounts(machine) == before)
            }
            try machine.shell("ls \(view) >/dev/null").requireSuccess()
            #expect(try kindOfSandbox(machine, directory) != "fuse.pinfold")
            // It is missed as the first was.
            let killed = try main()
            try killDaemon(machine)
            do {
                // Its mounts may have the numbers of those that have gone.
                try await eventually("the view is back") {
                    try machine.state(of: "pinfold-mount") == "active" && main() != killed && mounts(machine) != ""
                }
            } catch {
                throw TestFailure("\(error): \(try machine.journal(of: "pinfold-mount"))")
            }
            try machine.run("systemctl", "reload", "pinfold-mount").requireSuccess()
            try machine.run("systemctl", "stop", "pinfold-mount").requireSuccess()
            let journal = try machine.journal(of: "pinfold-mount")
            #expect(try machine.state(of: "pinfold-mount") == "inactive", "\(journal)")
            #expect(try mounts(machine) == "")
            #expect(try machine.shell("pgrep -x 'pinfold-(mount|server|guard)' || true").output == "")
        }
    }

    @Test func `the sample of a server's unit serves what is deployed as its user, which can change none of it`() throws {
        try withTemporaryDirectory { directory in
            let data = directory + "/agent-data"
            let machine = try booted(
                directory,
                """
                getent passwd pinfold-server >/dev/null || chroot . useradd --system --user-group --no-create-home pinfold-server
                mkdir -p opt/agent-data '\(data)/deployments/releases/1-abc'
                mount --bind '\(data)' opt/agent-data
                cat >'\(data)/deployments/releases/1-abc/server.py' <<'END'
                import os, time
                print(os.getuid(), os.getcwd(), flush=True)
                for path in ["server.py", "../../../code-repo/x", "../../../logs/x", "/etc/x"]:
                    try: open(path, "a"); print(path, "written", flush=True)
                    except OSError as error: print(path, error.strerror, flush=True)
                time.sleep(1000)
                END
                ln -s /opt/agent-data/deployments/releases/1-abc '\(data)/deployments/current'
                """)
            try machine.run("systemctl", "start", "agent-server").requireSuccess()
            _ = try? eventually("it has tried") { try machine.journal(of: "agent-server").contains("/etc/x ") }
            let user = try machine.run("id", "--user", "pinfold-server").output.prefix { $0.isNumber }
            let journal = try machine.journal(of: "agent-server")
            #expect(journal.contains("\(user) /opt/agent-data/deployments/releases/1-abc\n"), "\(journal)")
            for line in [
                "server.py Permission denied", "../../../code-repo/x Read-only file system", "../../../logs/x Permission denied",
                "/etc/x Read-only file system",
            ] { #expect(journal.contains(line), "\(journal)") }
            let check = try machine.run("sh", "-c", "pinfold doctor 2>/dev/null | grep \"the server's user\"").output
            #expect(check.hasPrefix("ok ") && check.contains("as pinfold-server"), "\(check)")
        }
    }

    @Test func `a disk that was full when they started stops no unit for good`() async throws {
        try await withTemporaryDirectory { directory in
            let deployments = directory + "/agent-data/deployments"
            let machine = try booted(
                directory,
                """
                mount -t tmpfs -o size=16m,mode=755 none '.\(deployments)'
                head -c 64M /dev/zero >'.\(deployments)/fill' || true
                """)
            let units = ["pinfold-mount", "pinfold-deployd"]
            for unit in units { _ = try machine.run("systemctl", "start", unit) }
            try await eventually("they have tried more often than a unit may by itself", within: 120) {
                try units.allSatisfy { unit in
                    let tries = try machine.run("systemctl", "show", "--value", "--property=NRestarts", unit).output
                    return Int(tries.prefix { $0.isNumber }).map { $0 > 5 } ?? false
                }
            }
            for unit in units {
                let said = try machine.journal(of: unit)
                #expect(said.contains("No space left on device") || said.contains("disk is full"), "\(said)")
            }
            try machine.shell("rm '\(deployments)/fill'").requireSuccess()
            try await eventually("they run") { try units.allSatisfy { try machine.state(of: $0) == "active" } }
        }
    }

    @Test func `an agent's unit without a command says so`() throws {
        try withTemporaryDirectory { directory in
            let machine = try booted(directory, "sed -i /COMMAND/d etc/pinfold/pinfold.env")
            _ = try machine.run("systemctl", "start", "pinfold-agent")
            try eventually("it has said so") { try machine.journal(of: "pinfold-agent").contains("pinfold: no command is given") }
        }
    }
}
