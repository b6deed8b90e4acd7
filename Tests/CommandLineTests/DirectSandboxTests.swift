import CLinux
import LinuxSystem
import TestSupport
import Testing

/// `AGENT_SANDBOX_ACCESS=direct`: said by every command that knows of it, and served where it cannot be had.
@Suite(.serialized, .timeLimit(.minutes(5)))
struct DirectSandboxTests {
    private static let direct = ["AGENT_SANDBOX_ACCESS": "direct"]

    private func entries(_ installation: Installation) throws -> [MountEntry] {
        try MountTable.read().entries(atOrBelow: installation.mountpoint)
    }

    @Test func `it is mounted, said by mount, why and doctor, and taken down with the view`() async throws {
        try await withTemporaryDirectory { directory in
            let installation = try Installation(directory)
            defer { _ = try? installation.pinfold("umount", "--lazy") }
            try installation.makeZones()
            let mounted = try installation.pinfold("mount", changes: Self.direct)
            try mounted.requireSuccess()
            #expect(mounted.output.hasSuffix("and \(installation.sandbox) (direct)\n") && mounted.errors.isEmpty, "\(mounted)")
            #expect(
                try entries(installation).filter(\.isDirect).map(\.mountpoint) == [installation.mountpoint + "/agent-data/sandbox"])
            let why = try installation.pinfold("why", "--write", installation.sandbox + "/mine.txt", changes: Self.direct)
            #expect(try why.requireSuccess().contains("  zone: sandbox, direct\n"), "\(why)")
            let doctor = try installation.pinfold("doctor", changes: Self.direct)
            #expect(doctor.output.contains("ok       sandbox: \(installation.sandbox), direct\n"), "\(doctor)")
            // The daemon of the same settings is known again; with others it is said.
            let again = try installation.pinfold("mount", "--onlyonce", changes: Self.direct)
            #expect(try again.requireSuccess().contains("is served already"), "\(again)")
            #expect(try installation.pinfold("mount", "--onlyonce").errors.contains("with other settings"))
            try installation.pinfold("umount").requireSuccess()
            #expect(try entries(installation).isEmpty)
            try installation.pinfold("mount", changes: Self.direct).requireSuccess()
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
            try installation.pinfold("mount", changes: Self.direct).requireSuccess()
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
        Obstacle(testDescription: "a quota", changes: ["AGENT_SANDBOX_QUOTA": "1G"], reason: "AGENT_SANDBOX_QUOTA is set"),
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
    func `where it cannot be had the gateway serves, and mount, why and doctor say why`(_ obstacle: Obstacle) throws {
        try Installation.with { installation in
            try installation.makeZones()
            defer { _ = try? shell("umount agent-data/sandbox o", workingDirectory: installation.root) }
            try shell(obstacle.script, workingDirectory: installation.root).requireSuccess()
            let changes = Self.direct.merging(obstacle.changes) { $1 }
            let mounted = try installation.pinfold("mount", changes: changes)
            try mounted.requireSuccess()
            #expect(
                mounted.errors.contains("AGENT_SANDBOX_ACCESS=direct: the gateway serves the sandbox instead: ")
                    && mounted.errors.contains(obstacle.reason), "\(mounted)")
            #expect(try entries(installation).map(\.isPinfold) == [true, true, true])
            let why = try installation.pinfold("why", installation.sandbox + "/x", changes: changes)
            #expect(why.output.contains("  zone: sandbox, served: ") && why.output.contains(obstacle.reason), "\(why)")
            let doctor = try installation.pinfold("doctor", changes: changes)
            #expect(doctor.output.contains(obstacle.reason) || obstacle.script.contains("chown 0:0"), "\(doctor)")
            try installation.pinfold("umount").requireSuccess()
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
