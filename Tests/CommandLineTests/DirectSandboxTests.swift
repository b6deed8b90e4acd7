import CLinux
import LinuxSystem
import TestSupport
import Testing

/// Who answers in the sandbox: the kernel where it can, else the gateway, unless `AGENT_SANDBOX_ACCESS` says it; told by every command that knows of it.
@Suite(.serialized, .timeLimit(.minutes(10)))
struct DirectSandboxTests {
    private static let direct = ["AGENT_SANDBOX_ACCESS": "direct"]
    private static let served = ["AGENT_SANDBOX_ACCESS": "served"]

    private func entries(_ installation: Installation) throws -> [MountEntry] {
        try MountTable.read().entries(atOrBelow: installation.mountpoint).filter { !$0.isLive }
    }

    @Test(arguments: [[:], direct])
    func `the kernel does, said by mount, why and doctor, and is taken down with the view`(changes: [String: String]) async throws {
        try await withTemporaryDirectory { directory in
            let installation = try Installation(directory)
            defer { _ = try? installation.pinfold("umount", "--lazy") }
            try installation.makeZones()
            let foreseen = try installation.pinfold("doctor", changes: changes)
            #expect(foreseen.output.contains("ok       sandbox: \(installation.sandbox), direct\n"), "\(foreseen)")
            let mounted = try installation.pinfold("mount", changes: changes)
            try mounted.requireSuccess()
            #expect(mounted.output.hasSuffix("and \(installation.sandbox) (direct)\n") && mounted.errors.isEmpty, "\(mounted)")
            #expect(
                try entries(installation).filter(\.isDirect).map(\.mountpoint) == [installation.mountpoint + "/agent-data/sandbox"])
            let why = try installation.pinfold("why", "--write", installation.sandbox + "/mine.txt", changes: changes)
            #expect(try why.requireSuccess().contains("  zone: sandbox, direct\n"), "\(why)")
            let doctor = try installation.pinfold("doctor", changes: changes)
            #expect(doctor.output.contains("ok       sandbox: \(installation.sandbox), direct\n"), "\(doctor)")
            // The daemon of the same settings is known again; with others it is said.
            let again = try installation.pinfold("mount", "--onlyonce", changes: changes)
            #expect(try again.requireSuccess().contains("is served already"), "\(again)")
            #expect(try installation.pinfold("mount", "--onlyonce", changes: Self.served).errors.contains("with other settings"))
            try installation.pinfold("umount").requireSuccess()
            #expect(try entries(installation).isEmpty)
            try installation.pinfold("mount", changes: changes).requireSuccess()
            // What the kernel serves goes on without the daemon, until it is taken away with the rest.
            let daemon = try installation.daemon()
            try run("kill", ["-9", String(daemon)]).requireSuccess()
            try await eventually("the daemon has ended") { !exists("/proc/\(daemon)/exe") }
            try installation.pinfold("umount").requireSuccess()
            #expect(try entries(installation).isEmpty)
        }
    }

    @Test func `who uses it keeps umount from taking the view down, and is named`() throws {
        try Installation.with { installation in
            try installation.makeZones()
            try installation.pinfold("mount").requireSuccess()
            let place = installation.mountpoint + "/agent-data/sandbox"
            // One in the same directory beside the mount is nobody to wait for.
            let beside = try ChildProcess(.init("/bin/sleep", ["100"], workingDirectory: installation.sandbox))
            let user = try ChildProcess(.init("/bin/sleep", ["100"], workingDirectory: place))
            let refused = try installation.pinfold("umount")
            #expect(refused.status == .exited(1) && refused.errors.contains("\(user.pid) (sleep: working directory)"), "\(refused)")
            #expect(!refused.errors.contains("\(beside.pid) ("))
            #expect(try entries(installation).count == 3)
            try user.signal(SIGKILL)
            _ = try user.wait()
            try installation.pinfold("umount").requireSuccess()
            try beside.signal(SIGKILL)
            _ = try beside.wait()
        }
    }

    struct Obstacle: Sendable, CustomTestStringConvertible {
        let testDescription: String
        var changes: [String: String] = [:]
        var script = ":"
        let reason: String
    }

    @Test(arguments: [
        Obstacle(
            testDescription: "a quota that the file system does not hold", changes: ["AGENT_SANDBOX_QUOTA": "1G"],
            reason: "agent-data/sandbox is on a file system that enforces no quota by project"),
        Obstacle(
            testDescription: "a hidden name in it", changes: ["AGENT_VIEW_HIDE": "default:/**/*.key"],
            reason: "the pattern /**/*.key reaches into it"),
        Obstacle(
            testDescription: "a protected name in it", changes: ["AGENT_PROTECT": "default:/**/.git"],
            reason: "the pattern /**/.git reaches into it"),
        Obstacle(
            testDescription: "another owner", script: "chown 0:0 agent-data/sandbox", reason: "belongs to 0:0 and not to the agent"),
        Obstacle(
            testDescription: "a file system without such mounts",
            script: """
                mkdir o; mount -t tmpfs none o; mkdir o/u o/w o/l
                mount -t overlay none -o lowerdir=o/l,upperdir=o/u,workdir=o/w agent-data/sandbox
                chown 54321:54321 agent-data/sandbox
                """, reason: "cannot have a mount of the kernel's own"),
    ])
    func `where the kernel cannot the gateway does, and mount, why and doctor say why`(_ obstacle: Obstacle) throws {
        try Installation.with { installation in
            try installation.makeZones()
            defer { _ = try? shell("umount agent-data/sandbox o", workingDirectory: installation.root) }
            try shell(obstacle.script, workingDirectory: installation.root).requireSuccess()
            // Who asks for it counts on it.
            let asked = Self.direct.merging(obstacle.changes) { $1 }
            let refused = try installation.pinfold("mount", changes: asked)
            #expect(refused.status == .exited(2), "\(refused)")
            let line = try #require(refused.complaint, "\(refused)")
            #expect(line.hasPrefix("AGENT_SANDBOX_ACCESS=direct: ") && line.contains(obstacle.reason), "\(line)")
            #expect(try entries(installation).isEmpty)
            let warned = try installation.pinfold("doctor", changes: asked)
            #expect(warned.output.contains("FAILED   sandbox: "), "\(warned)")

            let changes = obstacle.changes
            let mounted = try installation.pinfold("mount", changes: changes)
            try mounted.requireSuccess()
            #expect(
                mounted.output.contains("and \(installation.sandbox) (served: ") && mounted.output.contains(obstacle.reason),
                "\(mounted)")
            #expect(try entries(installation).map(\.isPinfold) == [true, true, true])
            let why = try installation.pinfold("why", installation.sandbox + "/x", changes: changes)
            #expect(why.output.contains("  zone: sandbox, served: ") && why.output.contains(obstacle.reason), "\(why)")
            let doctor = try installation.pinfold("doctor", changes: changes)
            #expect(doctor.output.contains(obstacle.reason) || obstacle.script.contains("chown 0:0"), "\(doctor)")
            try installation.pinfold("umount").requireSuccess()
        }
    }

    @Test func `the gateway does where that is asked for`() throws {
        try Installation.with { installation in
            try installation.makeZones()
            let mounted = try installation.pinfold("mount", changes: Self.served)
            #expect(try mounted.requireSuccess().hasSuffix("and \(installation.sandbox) (served)\n"), "\(mounted)")
            #expect(try entries(installation).map(\.isPinfold) == [true, true, true])
            let why = try installation.pinfold("why", installation.sandbox + "/x", changes: Self.served)
            #expect(why.output.contains("  zone: sandbox, served\n"), "\(why)")
            let doctor = try installation.pinfold("doctor", changes: Self.served)
            #expect(doctor.output.contains("ok       sandbox: \(installation.sandbox), served\n"), "\(doctor)")
        }
    }

    @Test func `nobody but root is told what only root could try`() throws {
        try Installation.with { installation in
            try installation.makeZones()
            let doctor = try installation.pinfold("doctor", user: installation.agent)
            #expect(doctor.output.contains("ok       sandbox: \(installation.sandbox), direct or served: "), "\(doctor)")
            let why = try installation.pinfold("why", installation.sandbox + "/x", user: installation.agent)
            #expect(why.output.contains("  zone: sandbox\n"), "\(why)")
            try installation.pinfold("mount").requireSuccess()
            let mounted = try installation.pinfold("why", installation.sandbox + "/x", user: installation.agent)
            #expect(mounted.output.contains("  zone: sandbox, direct\n"), "\(mounted)")
        }
    }

    @Test func `a value that is neither is refused with what there is`() throws {
        try Installation.with { installation in
            try installation.makeZones()
            let result = try installation.pinfold("mount", changes: ["AGENT_SANDBOX_ACCESS": "fast"])
            #expect(result.status == .exited(2), "\(result)")
            #expect(
                result.errors.contains("AGENT_SANDBOX_ACCESS=“fast”") && result.errors.contains("direct or served"), "\(result)")
        }
    }
}
