import CLinux
import LinuxSystem
import TestSupport
import Testing

/// A mountpoint in a narrower source cannot be one of `pinfold run`.
private let everything = ["AGENT_VIEW_SOURCE": "/"]

/// `pinfold run` whose view dies under it.
@Suite(.timeLimit(.minutes(10)))
struct ViewDeathTests {
    /// What an agent does that does not take an error for an answer, one that dies of it, and one that notices nothing.
    static let commands = [
        "trap '' TERM INT HUP; while :; do ls /etc >/dev/null 2>&1; done", "while ls /etc >/dev/null 2>&1; do :; done; exit 7",
        "exec sleep 1000",
    ]

    @Test(arguments: commands, [SIGKILL, SIGTERM])
    func `a command ends with its view, by one line and exit code 4`(command: String, signal: Int32) throws {
        try Installation.with { installation in
            try installation.makeZones()
            try installation.pinfold("mount", changes: everything).requireSuccess()
            let said = installation.root + "/said"
            let started = installation.sandbox + "/started"
            let output = Descriptor(owning: try check { unsafe pinfold_open(said, O_WRONLY | O_CREAT | O_CLOEXEC, 0o644) })
            let agent = try ChildProcess(
                .init(
                    Executables.pinfold, ["run", "--config", installation.file, "--", "sh", "-c", ": >'\(started)'; \(command)"],
                    environment: mergedEnvironment(installation.environment.merging(everything) { $1 }),
                    workingDirectory: installation.root,
                    descriptors: [2: output.rawValue]))
            try eventually("the command runs") { exists(started) }
            let daemon = try installation.daemon()
            kill(daemon, signal)
            #expect(try agent.ends(withinMilliseconds: 20_000))
            #expect(try agent.wait() == .exited(4))
            // Beside what the shell says of what it does not find any more.
            let lines = try readFile(said).split(separator: "\n").filter { !$0.hasPrefix("sh: ") }
            #expect(
                lines == [
                    "pinfold: the view at \(installation.mountpoint) has died, and with it everything that ran in it; "
                        + "'pinfold mount' mounts it anew"
                ])
            #expect(try run("pgrep", ["-u", "\(installation.agent.uid)", "-f", started]).output == "")
        }
    }

    @Test func `a command's own exit codes stay its own while the view lives`() throws {
        try Installation.with { installation in
            try installation.makeZones()
            try installation.pinfold("mount", changes: everything).requireSuccess()
            for code: Int32 in [0, 1, 2, 4, 143] {
                let ended = try installation.run("exit \(code)")
                #expect(ended.status == .exited(code) && ended.errors.isEmpty, "\(ended)")
            }
        }
    }

    @Test func `umount --dead takes a dead view down, and no other`() throws {
        try Installation.with { installation in
            try installation.makeZones()
            try installation.pinfold("umount", "--dead").requireSuccess()
            try installation.pinfold("mount", changes: everything).requireSuccess()
            let before = try installation.planes()
            try installation.pinfold("umount", "--dead").requireSuccess()
            #expect(try installation.planes() == before)
            let daemon = try installation.daemon()
            kill(daemon, SIGKILL)
            try eventually("the daemon is dead") { kill(daemon, 0) != 0 }
            #expect(try installation.planes().count == 3)
            try installation.pinfold("umount", "--dead").requireSuccess()
            #expect(try installation.planes().isEmpty)
            // Somebody else's mount is no view.
            try shell("mount -t tmpfs none '\(installation.mountpoint)'").requireSuccess()
            try installation.pinfold("umount", "--dead").requireSuccess()
            #expect(mountpoints(below: installation.mountpoint) == [installation.mountpoint])
        }
    }
}

extension Installation {
    fileprivate func run(_ script: String) throws -> Finished {
        try TestSupport.run(
            Executables.pinfold, ["run", "--config", file, "--", "sh", "-c", script],
            environment: environment.merging(everything) { $1 }, workingDirectory: root)
    }
}
