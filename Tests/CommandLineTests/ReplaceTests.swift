import CLinux
import LinuxSystem
import TestSupport
import Testing

/// `pinfold mount --replace`.
@Suite(.timeLimit(.minutes(10)))
struct ReplaceTests {
    @Test func `another process serves the view, which lives on, and every command finds it`() throws {
        try Installation.with { installation in
            try installation.makeZones()
            try installation.pinfold("mount").requireSuccess()
            let (first, planes) = (try installation.daemon(), try installation.planes())
            let replaced = try installation.pinfold("mount", "--replace").requireSuccess()
            let daemon = try installation.daemon()
            #expect(replaced == "\(installation.mountpoint) is served by this version's program now, by process \(daemon)\n")
            #expect(daemon != first)
            #expect(try installation.planes() == planes)
            #expect(try readFile("\(installation.mountpoint)/agent-data/logs/server.log") == "log\n")
            let once = try installation.pinfold("mount", "--onlyonce")
            #expect(once.status.isSuccess && once.errors.isEmpty, "\(once)")
            #expect(
                try readFile(MountRuntime(mountpoint: installation.mountpoint).log).contains(
                    "process \(daemon) has taken the view over"))
            try installation.pinfold("umount").requireSuccess()
            #expect(try installation.planes().isEmpty)
            #expect(!exists(MountRuntime(mountpoint: installation.mountpoint).settings))
        }
    }

    @Test func `an installed program that is another one than that which serves is told of by doctor, and takes its place`() throws
    {
        try Installation.with { installation in
            try installation.makeZones()
            // Beside each other, as they are installed.
            let place = installation.root + "/programs"
            try shell("mkdir \(place) && cp '\(Executables.pinfold)' '\(Executables.mount)' '\(Executables.fence)' \(place)")
                .requireSuccess()
            func pinfold(_ words: String...) throws -> Finished {
                try run(place + "/pinfold", words + ["--config", installation.file], environment: installation.environment)
            }
            try pinfold("mount").requireSuccess()
            #expect(try !pinfold("doctor").output.contains("runs another program"))
            try shell("cd \(place) && cp pinfold-mount next && mv next pinfold-mount").requireSuccess()
            #expect(try pinfold("doctor").output.contains("runs another program than the one that is installed now"))
            try pinfold("mount", "--replace").requireSuccess()
            #expect(try !pinfold("doctor").output.contains("runs another program"))
            try pinfold("umount").requireSuccess()
        }
    }

    @Test func `what runs in the view goes on when another process takes it over, and ends when that one dies`() throws {
        try Installation.with { installation in
            try installation.makeZones()
            try installation.pinfold("mount").requireSuccess()
            let sandbox = installation.data + "/sandbox"
            let script = "touch started; while [ ! -e go ]; do sleep 0.05; done; echo went on; touch gone; sleep 100"
            let agent = try ChildProcess(
                .init(
                    Executables.pinfold, ["run", "--config", installation.file, "--", "sh", "-c", "cd '\(sandbox)'; \(script)"],
                    environment: mergedEnvironment(installation.environment), descriptors: [:]))
            try eventually("it runs") { exists(sandbox + "/started") }
            for _ in 0..<2 {
                let before = try installation.daemon()
                try installation.pinfold("mount", "--replace").requireSuccess()
                try eventually("the process before has ended") { !exists("/proc/\(before)/exe") }
            }
            // Longer than it takes to see that nobody serves.
            pause(milliseconds: 1500)
            try writeFile(sandbox + "/go", "")
            try eventually("it goes on") { exists(sandbox + "/gone") }
            kill(try installation.daemon(), SIGKILL)
            #expect(try agent.wait() == .exited(4))
        }
    }

    @Test func `what cannot be is refused in one line, and the view is left as it is`() throws {
        try Installation.with { installation in
            try installation.makeZones()
            let none = try installation.pinfold("mount", "--replace")
            #expect(none.status == .exited(4) && none.complaint?.contains("there is nothing to replace") == true, "\(none)")
            try installation.pinfold("mount").requireSuccess()
            let (daemon, settings) = (
                try installation.daemon(), try readFile(MountRuntime(mountpoint: installation.mountpoint).settings)
            )
            let other = try installation.pinfold("mount", "--replace", changes: ["AGENT_USER": "54322:54322"])
            #expect(
                other.status == .exited(2) && other.complaint?.contains("'pinfold umount' and 'pinfold mount'") == true, "\(other)")
            let wrong = try installation.pinfold("mount", "--replace", changes: ["AGENT_USER": "nobody-of-that-name"])
            #expect(wrong.status == .exited(2) && wrong.complaint?.contains("AGENT_USER") == true, "\(wrong)")
            let both = try installation.pinfold("mount", "--replace", "--foreground")
            #expect(both.status == .exited(2) && both.errors.contains("--foreground"), "\(both)")
            let apart = try run(
                "unshare",
                [
                    "--mount", "--propagation", "private", "sh", "-c", leavingOtherViews(than: installation.root) + "exec \"$@\"",
                    "sh",
                    Executables.pinfold, "mount", "--replace", "--config", installation.file,
                ],
                environment: installation.environment, workingDirectory: installation.root)
            #expect(apart.status == .exited(2) && apart.errors.contains("another mount namespace"), "\(apart)")
            #expect(try installation.daemon() == daemon && exists("\(installation.mountpoint)/agent-data"))
            #expect(try readFile(MountRuntime(mountpoint: installation.mountpoint).settings) == settings)
            kill(daemon, SIGKILL)
            try eventually("the daemon is dead") { !exists("/proc/\(daemon)/exe") }
            let dead = try installation.pinfold("mount", "--replace")
            #expect(dead.status == .exited(4) && dead.complaint?.contains("has died") == true, "\(dead)")
        }
    }
}
