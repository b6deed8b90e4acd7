import LinuxSystem
import SystemPackage
import TestSupport
import Testing

/// `pinfold mount`: the view answers when it returns, and every way of starting it comes to the same.
@Suite(.timeLimit(.minutes(10)))
struct MountTests {
    @Test func `it returns when the view answers, one read-only mount and two writable ones`() throws {
        try Installation.with { installation in
            try installation.makeZones()
            let result = try installation.pinfold("mount")
            try result.requireSuccess()
            #expect(
                result.output.hasPrefix("\(installation.root) is shown at \(installation.mountpoint), writable in "), "\(result)")
            let table = try installation.planes()
            #expect(table.count == 3, "\(table)")
            let view = installation.mountpoint
            for (place, mode) in [(view, "ro"), ("\(view)/agent-data/code-repo", "rw"), ("\(view)/agent-data/sandbox", "rw")] {
                let entry = try #require(table.first { $0.mountpoint == place }, "\(place): \(table)")
                #expect(entry.isDirect || entry.type == "fuse.pinfold" && entry.source == installation.root)
                for option in [mode, "nosuid", "nodev"] { #expect(entry.options.contains(option), "\(entry)") }
            }
            #expect(try readFile("\(view)/agent-data/logs/server.log") == "log\n")
            #expect(try shell("echo x > '\(view)/agent-data/logs/server.log'").errors.contains("Read-only file system"))
            try shell("echo new > '\(view)/agent-data/sandbox/new.txt'", user: installation.agent).requireSuccess()
            #expect(try readFile("\(installation.sandbox)/new.txt") == "new\n")
        }
    }

    @Test func `the server's directories are live, and those that are asked for`() throws {
        try Installation.with { installation in
            try installation.makeZones()
            let (root, view) = (installation.root, installation.mountpoint)
            try shell("mkdir models state; ln -s state link; mkdir agent-data/models; touch file", workingDirectory: root)
                .requireSuccess()
            for (path, reason) in [
                ("nowhere", "does not exist"), ("file", "not a directory"), ("agent-data", "the zone"), ("/", "does not lie below"),
            ] {
                let refused = try installation.pinfold("mount", changes: ["AGENT_VIEW_LIVE": "state:\(path)"])
                #expect(refused.status == .exited(2) && refused.complaint?.hasPrefix("AGENT_VIEW_LIVE: ") == true, "\(refused)")
                #expect(refused.errors.contains(path) && refused.errors.contains(reason), "\(refused)")
                #expect(try installation.planes().isEmpty)
            }
            let changes = ["AGENT_VIEW_LIVE": "link"]
            try installation.pinfold("mount", changes: changes).requireSuccess()
            let live = try installation.live()
            #expect(live.allSatisfy(\.isReadOnly) && Set(live.map(\.device)).count == 1, "\(live)")
            #expect(live.map(\.mountpoint).sorted() == ["agent-data/logs", "agent-data/models", "state"].map { "\(view)/\($0)" })
            for (path, isLive) in [("state/x", true), ("agent-data/logs", true), ("models", false), ("agent-data/sandbox", false)] {
                let why = try installation.pinfold("why", path, changes: changes)
                #expect(why.output.contains(", live\n") == isLive, "\(why)")
            }
            let doctor = try installation.pinfold("doctor", changes: changes)
            #expect(doctor.output.contains("agent-data/conversations does not exist"), "\(doctor)")
            try installation.pinfold("umount").requireSuccess()
            #expect(try installation.live().isEmpty)
        }
    }

    @Test func `in the foreground it stays until it is told to go, and takes the view down`() async throws {
        for signal in [Signal.terminate, .interrupt] {
            try await withTemporaryDirectory { directory in
                let installation = try Installation(directory)
                try installation.makeZones()
                let child = try ChildProcess(
                    .init(
                        Executables.pinfold, ["mount", "--foreground", "--config", installation.file],
                        environment: mergedEnvironment(installation.environment), workingDirectory: installation.root,
                        descriptors: [:]))
                try await eventually("the view is mounted") {
                    try installation.planes().count == 3 && exists("\(installation.mountpoint)/agent-data/sandbox/mine.txt")
                }
                try child.signal(signal.rawValue)
                #expect(try child.ends(withinMilliseconds: 30_000))
                #expect(try child.wait() == .exited(0))
                #expect(try installation.planes().isEmpty)
            }
        }
    }

    @Test func `a mountpoint in use is refused, and the view that uses it goes on`() throws {
        try Installation.with { installation in
            try installation.makeZones()
            try installation.pinfold("mount").requireSuccess()
            let again = try installation.pinfold("mount")
            #expect(again.status == .exited(2))
            #expect(again.complaint?.contains("in use: process \(try installation.daemon())") == true, "\(again)")
            #expect(try readFile("\(installation.mountpoint)/agent-data/logs/server.log") == "log\n")
            #expect(try installation.planes().count == 3)
        }
    }

    @Test func `a mountpoint given as an argument wins, below the runtime directory it is made`() throws {
        try Installation.with { installation in
            try installation.makeZones()
            let name = "/run/pinfold/\(installation.root.split(separator: "/").last ?? "")"
            defer { _ = try? shell("rmdir '\(name)'") }
            try installation.pinfold("mount", name).requireSuccess()
            defer { _ = try? installation.pinfold("umount", name, "--lazy") }
            #expect(try readFile("\(name)/agent-data/logs/server.log") == "log\n")
            #expect(try installation.planes().isEmpty)
            try installation.pinfold("umount", name).requireSuccess()
            #expect(mountpoints(below: name).isEmpty)
        }
    }

    @Test func `what is around a narrower view comes and goes with it`() async throws {
        try await withTemporaryDirectory { directory in
            let installation = try Installation(directory)
            defer { _ = try? installation.pinfold("umount", "--lazy") }
            try installation.makeZones()
            let place = MountRuntime(mountpoint: installation.mountpoint).surroundings
            func entries() throws -> [MountEntry] { try MountTable.read().entries(atOrBelow: place) }
            let hide = ["AGENT_VIEW_HIDE": "/etc/host?ame"]
            try installation.pinfold("mount", changes: hide).requireSuccess()
            #expect(try entries().map(\.isReadOnly) == [true])
            #expect(try readFile(place + "/etc/passwd") == readFile("/etc/passwd"))
            #expect(!exists(place + "/etc/hostname"))
            #expect(try shell("touch '\(place)/etc/made'").errors.contains("Read-only file system"))
            // A change on the machine is seen.
            try writeFile(installation.root + "/new", "one")
            #expect(try readFile(place + installation.root + "/new") == "one")
            try shell("echo two > new.2; mv new.2 new", workingDirectory: installation.root).requireSuccess()
            try await eventually("the change is seen") { try readFile(place + installation.root + "/new") == "two\n" }
            try installation.pinfold("umount").requireSuccess()
            #expect(try entries().isEmpty && !exists(place))
            // A dead one is cleared away by what clears the view away.
            for next in ["umount", "mount"] {
                try installation.pinfold("mount").requireSuccess()
                try await installation.killDaemon()
                try installation.pinfold(next).requireSuccess()
                #expect(try entries().count == (next == "mount" ? 1 : 0))
            }
            try installation.pinfold("umount").requireSuccess()
            #expect(try entries().isEmpty)
            // Nothing is around a view of everything.
            try installation.pinfold("mount", changes: ["AGENT_VIEW_SOURCE": "/"]).requireSuccess()
            #expect(try entries().isEmpty)
        }
    }

    @Test func `two views at once do not know of each other`() throws {
        try Installation.with { first in
            try Installation.with { second in
                try first.makeZones()
                try second.makeZones()
                try first.pinfold("mount").requireSuccess()
                try second.pinfold("mount").requireSuccess()
                try first.pinfold("umount").requireSuccess()
                #expect(try first.planes().isEmpty)
                #expect(try readFile("\(second.mountpoint)/agent-data/sandbox/mine.txt") == "mine\n")
            }
        }
    }

    @Test func `a view whose daemon was killed is cleared away by the next mount`() async throws {
        try await withTemporaryDirectory { directory in
            let installation = try Installation(directory)
            defer { _ = try? installation.pinfold("umount", "--lazy") }
            try installation.makeZones()
            try installation.pinfold("mount").requireSuccess()
            try await installation.killDaemon()
            let result = try installation.pinfold("mount")
            try result.requireSuccess()
            #expect(result.errors.contains("cleared away"), "\(result)")
            #expect(try readFile("\(installation.mountpoint)/agent-data/sandbox/mine.txt") == "mine\n")
            #expect(try installation.planes().count == 3)
        }
    }

    @Test func `hidden names, protected names and quotas reach the gateway`() throws {
        try Installation.with { installation in
            try installation.makeZones()
            try shell("mkdir secret; echo x > secret/token", workingDirectory: installation.root).requireSuccess()
            let result = try installation.pinfold(
                "mount",
                changes: [
                    "AGENT_VIEW_HIDE": "\(installation.root)/secret", "AGENT_PROTECT": ".git/hooks",
                    "AGENT_SANDBOX_QUOTA": "32M,5k",
                ])
            try result.requireSuccess()
            let view = installation.mountpoint
            let shown = try run("stat", ["-f", "-c", "%S %b %c", "\(view)/agent-data/sandbox"]).requireSuccess()
            let numbers = shown.split(whereSeparator: \.isWhitespace).compactMap { Int($0) }
            #expect(numbers.count == 3 && numbers[0] * numbers[1] == 32 << 20 && numbers[2] == 5000, "\(shown)")
            // The count is there, and the agent does not see where.
            #expect(exists("\(installation.data)/deployments/usage/sandbox"))
            #expect(!exists("\(view)/agent-data/deployments/usage"))
            #expect(!exists("\(view)/secret"))
            let hook = try shell("echo x > '\(view)/agent-data/code-repo/.git/hooks/post-commit'", user: installation.agent)
            #expect(hook.errors.contains("Operation not permitted"), "\(hook)")
        }
    }

    @Test func `an agent works in a repository that init cloned`() throws {
        try Installation.with { installation in
            try installation.makeRepository()
            try installation.pinfold("init").requireSuccess()
            try installation.pinfold("mount").requireSuccess()
            let commit = """
                cd '\(installation.mountpoint)/agent-data/code-repo'
                git config user.name
                echo changed >> first.txt; git add first.txt; git commit -q -m 'a change'
                git log --format=%s -1
                """
            let result = try shell(
                commit,
                environment: [
                    "GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "safe.directory", "GIT_CONFIG_VALUE_0": "*",
                    "HOME": "/nonexistent",
                ],
                user: installation.agent)
            #expect(result.output == "Agent\na change\n", "\(result)")
            // While the view is up, init has nothing to do and does not disturb it.
            #expect(try installation.pinfold("init").output.isEmpty)
        }
    }
}

enum Signal {
    case terminate, interrupt, kill

    var rawValue: Int32 {
        switch self {
        case .terminate: 15
        case .interrupt: 2
        case .kill: 9
        }
    }
}

extension MountEntry {
    /// A live directory, which are parts of one file system.
    var isLive: Bool { isPinfold && root.hasPrefix("/live/") }
}

extension Installation {
    /// What of Pinfold is mounted at the mountpoint and below, but for live directories.
    func planes() throws -> [MountEntry] { try mounts().filter { !$0.isLive } }

    /// The live directories.
    func live() throws -> [MountEntry] { try mounts().filter(\.isLive) }

    private func mounts() throws -> [MountEntry] {
        try MountTable.read().entries(atOrBelow: mountpoint).filter { $0.isPinfold || $0.isDirect }
    }

    /// The process that serves the view, by its lock.
    func daemon() throws -> Int32 {
        let text = try readFile(MountRuntime(mountpoint: mountpoint).lock)
        guard let pid = text.split(whereSeparator: \.isWhitespace).first.flatMap({ Int32($0) }) else {
            throw TestFailure("no process id: \(text)")
        }
        return pid
    }

    /// Kills the daemon as a crash would, and waits until the view answers ENOTCONN.
    func killDaemon() async throws {
        let pid = try daemon()
        try run("kill", ["-9", String(pid)]).requireSuccess()
        try await eventually("the daemon is dead") {
            try shell("cat '\(mountpoint)/agent-data/code-repo/.git/HEAD'").errors.contains("not connected")
        }
    }
}
