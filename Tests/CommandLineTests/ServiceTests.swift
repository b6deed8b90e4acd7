import CLinux
import LinuxSystem
import TestSupport
import Testing

/// What the units of `mount/` rely on.
@Suite(.timeLimit(.minutes(10)))
struct ServiceTests {
    @Test
    func
        `the gateway in the foreground says when the view answers and when it is taken down, with no more rights than its unit gives`()
        async throws
    {
        try await withTemporaryDirectory { root in
            let installation = try Installation(root)
            try installation.makeZones()
            let manager = try Manager(in: root)
            // The unit's own line, held to by the kernel as systemd would hold it.
            let unit = try readFile(Self.unit("pinfold-mount"))
            let line = try #require(unit.split(separator: "\n").first { $0.hasPrefix("CapabilityBoundingSet=") })
            let kept = line.dropFirst("CapabilityBoundingSet=".count).split(separator: " ").map {
                "+" + $0.dropFirst(4).lowercased()
            }
            let gateway = try ChildProcess(
                .init(
                    "setpriv",
                    [
                        "--bounding-set", (["-all"] + kept).joined(separator: ","), "--no-new-privs", Executables.pinfold, "mount",
                        "--foreground", "--config", installation.file,
                    ],
                    environment: mergedEnvironment(
                        installation.environment.merging(["NOTIFY_SOCKET": manager.address]) { $1 }),
                    workingDirectory: "/", descriptors: [1: 2, 2: 2]))
            try await eventually("it is ready") { try manager.heard == ["READY=1"] }
            #expect(try readFile(installation.mountpoint + "/agent-data/logs/server.log") == "log\n")
            try shell("echo new > '\(installation.mountpoint)/agent-data/sandbox/new.txt'", user: installation.agent)
                .requireSuccess()
            #expect(try #require(status(installation.sandbox + "/new.txt")).st_uid == installation.agent.uid)
            try gateway.signal(SIGTERM)
            #expect(try gateway.wait() == .exited(0))
            #expect(try manager.heard == ["READY=1", "STOPPING=1"])
            #expect(mountpoints(below: installation.mountpoint).isEmpty)
        }
    }

    @Test func `systemd accepts the units, and nothing in them hides a mount from the machine`() throws {
        try withTemporaryDirectory { root in
            for name in Self.units {
                let text = try readFile(Self.unit(name))
                // What is started has to exist: here, where it was built.
                try writeFile("\(root)/\(name).service", text.replacing("/usr/local/bin/pinfold", with: Executables.pinfold))
                #expect(text.contains(name.contains("agent") ? "\nType=exec\n" : "\nType=notify\n"))
                // Each of these gives a unit a mount namespace of its own (`man 5 systemd.exec`).
                for key in [
                    "Private", "ProtectSystem", "ProtectHome", "ProtectProc", "ProtectKernel", "ProtectControlGroups",
                    "ProtectClock", "ReadOnly",
                    "ReadWrite", "Inaccessible", "ExecPaths", "NoExecPaths", "TemporaryFileSystem", "Bind", "Mount",
                    "RootDirectory", "RootImage",
                    "DynamicUser", "ProcSubset", "LogNamespace", "JoinsNamespaceOf", "StateDirectory", "RuntimeDirectory",
                ] { #expect(!text.contains("\n\(key)"), "\(name): \(key)") }
            }
            let verified = try run(
                "systemd-analyze", ["verify"] + Self.units.map { "\(root)/\($0).service" },
                environment: ["SYSTEMD_LOG_LEVEL": "warning"])
            // A word that it does not know is only a line of its, so nothing may be said at all.
            #expect(verified.status.isSuccess && verified.errors.isEmpty && verified.output.isEmpty, "\(verified)")
        }
    }

    @Test func `systemd accepts the sample of a server's unit, which gives it a user of its own`() throws {
        try withTemporaryDirectory { root in
            let text = try readFile(Self.unit("agent-server"))
            try writeFile(root + "/agent-server.service", text)
            let verified = try run(
                "systemd-analyze", ["verify", root + "/agent-server.service"], environment: ["SYSTEMD_LOG_LEVEL": "warning"])
            #expect(verified.status.isSuccess && verified.errors.isEmpty && verified.output.isEmpty, "\(verified)")
            let exposed = try run(
                "systemd-analyze", ["security", "--offline=true", "--threshold=50", root + "/agent-server.service"])
            #expect(exposed.status.isSuccess, "\(exposed)")
        }
    }

    @Test func `systemd accepts the page's unit, which leaves it little`() throws {
        try withTemporaryDirectory { root in
            let text = try readFile(Self.unit("pinfold-web"))
            try writeFile(root + "/pinfold-web.service", text.replacing("/usr/local/bin/pinfold", with: Executables.pinfold))
            let verified = try run(
                "systemd-analyze", ["verify", root + "/pinfold-web.service"], environment: ["SYSTEMD_LOG_LEVEL": "warning"])
            #expect(verified.status.isSuccess && verified.errors.isEmpty && verified.output.isEmpty, "\(verified)")
            let exposed = try run(
                "systemd-analyze", ["security", "--offline=true", "--threshold=50", root + "/pinfold-web.service"])
            #expect(exposed.status.isSuccess, "\(exposed)")
        }
    }

    private static let units = ["pinfold-mount", "pinfold-deployd", "pinfold-agent", "pinfold-agent@"]

    /// From this file's own place.
    private static func unit(_ name: String, file: String = #filePath) -> String {
        let tests = file.split(separator: "/").dropLast(3).joined(separator: "/")
        return "/\(tests)/mount/units/\(name).service"
    }
}
