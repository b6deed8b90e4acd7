import LinuxSystem
import TestSupport
import Testing

/// What is wrong with the configuration or the machine is one line, exit code 2, and leaves nothing mounted and nothing changed.
@Suite(.timeLimit(.minutes(10)))
struct BadInputTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        /// What changes in the environment; `@` stands for the installation's directory.
        let changes: [String: String]
        /// What the line must name.
        let names: [String]
        /// A script that prepares it, in the installation's directory.
        var prepare = ""

        init(_ description: String, _ changes: [String: String], names: [String], prepare: String = "") {
            testDescription = description
            self.changes = changes
            self.names = names
            self.prepare = prepare
        }
    }

    static let cases: [Case] = [
        Case("an unknown variable", ["AGENT_SANDBOX_PTAH": "/x"], names: ["AGENT_SANDBOX_PTAH", "AGENT_SANDBOX_PATH"]),
        Case("a value that does not parse", ["AGENT_DEPLOY_KEEP": "many"], names: ["AGENT_DEPLOY_KEEP", "many", "number"]),
        Case(
            "a quota that does not parse", ["AGENT_SANDBOX_QUOTA": "10 parsecs"],
            names: ["AGENT_SANDBOX_QUOTA", "10 parsecs", "10G"]),
        Case("an expansion of nothing", ["AGENT_SANDBOX_PATH": "${AGENT_NOWHERE}/x"], names: ["AGENT_NOWHERE"]),
        Case("a source that does not exist", ["AGENT_VIEW_SOURCE": "@/nowhere"], names: ["AGENT_CODE_REPO_PATH"]),
        Case(
            "a source that is a file", ["AGENT_VIEW_SOURCE": "@/tree", "AGENT_DATA_ROOT": "@/tree/data"],
            names: ["AGENT_VIEW_SOURCE", "@/tree", "not a directory"], prepare: "echo x > tree"),
        Case(
            "a zone outside the source", ["AGENT_SANDBOX_PATH": "/var/tmp"],
            names: ["AGENT_SANDBOX_PATH", "/var/tmp", "AGENT_VIEW_SOURCE"]),
        Case(
            "a zone that leads outside the source", ["AGENT_SANDBOX_PATH": "@/way-out"], names: ["AGENT_SANDBOX_PATH", "outside"],
            prepare: "ln -s /var/tmp way-out"),
        Case(
            "a zone inside the other", ["AGENT_SANDBOX_PATH": "@/agent-data/code-repo/sandbox"],
            names: ["AGENT_SANDBOX_PATH", "inside each other"]),
        Case(
            "a zone that leads into the other", ["AGENT_SANDBOX_PATH": "@/way-in"],
            names: ["AGENT_SANDBOX_PATH", "inside each other"],
            prepare: "mkdir agent-data/code-repo/sandbox; ln -s agent-data/code-repo/sandbox way-in"),
        Case("the source as a zone", ["AGENT_SANDBOX_PATH": "@"], names: ["AGENT_SANDBOX_PATH"]),
        Case(
            "a zone that does not exist", ["AGENT_SANDBOX_PATH": "@/nowhere"],
            names: ["AGENT_SANDBOX_PATH", "@/nowhere", "pinfold init"]),
        Case(
            "a zone that is a file", ["AGENT_SANDBOX_PATH": "@/file"], names: ["AGENT_SANDBOX_PATH", "@/file", "a file"],
            prepare: "echo x > file"),
        Case(
            "a mountpoint that does not exist", ["AGENT_VIEW_MOUNTPOINT": "@/nowhere"],
            names: ["AGENT_VIEW_MOUNTPOINT", "@/nowhere"]),
        Case(
            "a mountpoint that is a file", ["AGENT_VIEW_MOUNTPOINT": "@/file"], names: ["AGENT_VIEW_MOUNTPOINT", "a file"],
            prepare: "echo x > file"),
        Case(
            "a mountpoint with something in it", ["AGENT_VIEW_MOUNTPOINT": "@/full"], names: ["AGENT_VIEW_MOUNTPOINT", "in use"],
            prepare: "mkdir full; echo x > full/file"),
        Case(
            "a mountpoint where something else is mounted", ["AGENT_VIEW_MOUNTPOINT": "@/other"],
            names: ["AGENT_VIEW_MOUNTPOINT", "in use", "tmpfs"], prepare: "mkdir other; mount -t tmpfs none other"),
        Case(
            "a mountpoint in a zone", ["AGENT_VIEW_MOUNTPOINT": "@/agent-data/sandbox/view"],
            names: ["AGENT_VIEW_MOUNTPOINT", "sandbox"]),
        Case("root as the agent", ["AGENT_USER": "root"], names: ["AGENT_USER", "root"]),
        Case("root as the agent, by number", ["AGENT_USER": "0:100"], names: ["AGENT_USER", "root"]),
        Case("an agent in root's group", ["AGENT_USER": "54321:0"], names: ["AGENT_USER", "root"]),
        Case(
            "an agent that does not exist", ["AGENT_USER": "pinfold-nobody"],
            names: ["AGENT_USER", "pinfold-nobody", "no such user"]),
        Case("a pattern that cannot be", ["AGENT_VIEW_HIDE": "/a[b"], names: ["AGENT_VIEW_HIDE", "/a[b"]),
    ]

    @Test(arguments: cases)
    func `mount refuses`(_ one: Case) throws {
        try Installation.with { installation in
            try installation.makeZones()
            if !one.prepare.isEmpty { try shell(one.prepare, workingDirectory: installation.root).requireSuccess() }
            let mounts = mountpoints(below: installation.root)
            let before = try installation.inventory()
            let result = try installation.pinfold(
                "mount", changes: one.changes.mapValues { $0.replacing("@", with: installation.root) })
            #expect(result.status == .exited(2), "\(result)")
            #expect(result.output.isEmpty)
            let line = try #require(result.complaint, "not one line: \(result)")
            for name in one.names { #expect(line.contains(name.replacing("@", with: installation.root)), "\(line)") }
            #expect(mountpoints(below: installation.root) == mounts)
            #expect(try installation.inventory() == before)
        }
    }

    @Test(arguments: [["mount"], ["umount"], ["init"], ["run", "--", "true"], ["run", "true"]])
    func `whoever is not root is told so`(_ arguments: [String]) throws {
        try Installation.with { installation in
            try installation.makeZones()
            let before = try installation.inventory()
            let result = try run(
                Executables.pinfold, arguments, environment: installation.environment, workingDirectory: installation.root,
                user: (65_534, 65_534))
            #expect(result.status == .exited(2))
            #expect(result.complaint?.contains("only root") == true, "\(result)")
            #expect(try installation.inventory() == before)
        }
    }

    @Test func `a word that is none of a list is answered with the list, in one line`() throws {
        try Installation.with { installation in
            let result = try installation.pinfold("history", "--state", "fialed")
            #expect(result.status == .exited(2))
            #expect(result.errors.split(separator: "\n").count == 1, "\(result)")
            #expect(result.errors.contains("'fialed'") && result.errors.contains("following: detected, testing, "), "\(result)")
            #expect(!result.errors.contains("\\n"), "\(result)")
        }
    }

    @Test func `a machine without the device is told so`() throws {
        try Installation.with { installation in
            try installation.makeZones()
            let before = try installation.inventory()
            // An empty /dev, in a mount namespace of its own.
            let result = try run(
                "unshare",
                [
                    "-m", "sh", "-c", leavingOtherViews() + "mount -t tmpfs none /dev && exec \"$@\"", "sh", Executables.pinfold,
                    "mount", "--config", installation.file,
                ],
                environment: installation.environment)
            #expect(result.status == .exited(2))
            #expect(result.complaint?.contains("/dev/fuse") == true, "\(result)")
            #expect(try installation.inventory() == before)
        }
    }

    @Test func `a flag wins over its variable, and the same setting twice is refused`() throws {
        try Installation.with { installation in
            try installation.makeZones()
            let flag = try installation.pinfold("mount", "--source", "/nowhere-at-all")
            #expect(flag.status == .exited(2))
            #expect(flag.complaint?.contains("/nowhere-at-all") == true, "\(flag)")
            let twice = try installation.pinfold("mount", "--source", "/", "--set", "AGENT_VIEW_SOURCE=/")
            #expect(twice.status == .exited(2))
            #expect(twice.complaint?.contains("--source") == true, "\(twice)")
            let mountpoints = try installation.pinfold("mount", "/a", "--mountpoint", "/b")
            #expect(mountpoints.status == .exited(2))
            let malformed = try installation.pinfold("mount", "--set", "AGENT_USER")
            #expect(malformed.complaint?.contains("NAME=VALUE") == true, "\(malformed)")
        }
    }

    @Test func `a gateway that does not start is reported with its own words, and what was made is taken back`() throws {
        try Installation.with { installation in
            try installation.makeZones()
            let mountpoint = "/run/pinfold/test-\(installation.root.split(separator: "-").last ?? "")"
            for (script, code, words) in [
                ("echo 'error 1: the moon is in the wrong phase' >&3; exit 1", 1, "the moon is in the wrong phase"),
                ("echo 'error 2: no such option' >&3; exit 2", 2, "no such option"),
                ("echo 'something broke' >&2; exit 1", 1, "something broke"), ("kill -9 $$", 1, "signal 9"),
            ] as [(String, Int32, String)] {
                try Beside.with(program: "pinfold-mount", script: script) { pinfold in
                    let result = try run(
                        pinfold, ["mount", mountpoint, "--config", installation.file],
                        environment: installation.environment.filter { $0.key != "AGENT_VIEW_MOUNTPOINT" })
                    #expect(result.status == .exited(code), "\(result)")
                    #expect(result.complaint?.contains(words) == true, "\(result)")
                }
                #expect(!exists(mountpoint))
                let left = try shell(
                    "ls -a /run/pinfold 2>/dev/null | grep '\(mountpoint.split(separator: "/").last ?? "")' || true")
                #expect(left.output.isEmpty, "\(left.output)")
            }
        }
    }
}
