import CLinux
import LinuxSystem
import SystemPackage
import TestSupport
import Testing

/// A caller that has closed standard streams: no program puts a file of its own in their place.
@Suite(.timeLimit(.minutes(10)))
struct `Closed standard streams` {
    static let combinations = ["<&-", ">&-", "2>&-", "<&- >&-", "<&- 2>&-", ">&- 2>&-", "<&- >&- 2>&-"]

    @Test(arguments: combinations) func `are /dev/null for the command that pinfold run starts, and for pinfold`(closed: String)
        throws
    {
        try Installation.with { installation in
            try installation.makeRepository()
            try installation.pinfold("init").requireSuccess()
            try installation.pinfold("mount").requireSuccess()
            // One byte on any of the launcher's own would end the record, or be taken for a message of it.
            let look = """
                import os
                links = []
                for number in range(3):
                    try: links.append(os.readlink("/proc/self/fd/%d" % number))
                    except OSError: links.append("closed")
                    try: os.write(number, b"x")
                    except OSError: pass
                open("\(installation.sandbox)/links", "w").write("\\n".join(links))
                """
            try writeFile(installation.sandbox + "/look.py", look)
            try shell(
                "exec '\(Executables.pinfold)' run -- /usr/bin/python3 -I '\(installation.sandbox)/look.py' \(closed)",
                environment: installation.environment, workingDirectory: installation.root
            ).requireSuccess()
            let links = try readFile(installation.sandbox + "/links").split(separator: "\n").map(String.init)
            for number in Self.numbers(closed) { #expect(links[number] == "/dev/null", "\(links)") }
            #expect(links.count == 3 && !links.contains { $0.contains("anon_inode") || $0.contains("pinfold-fence") }, "\(links)")
        }
    }

    @Test(arguments: combinations) func `are /dev/null in the daemons and in the last step before the agent`(closed: String)
        async throws
    {
        try await withTemporaryDirectory { directory in
            let installation = try Installation(directory)
            defer { _ = try? run(Executables.pinfold, ["umount", "--lazy", installation.mountpoint]) }
            try installation.makeRepository()
            try installation.pinfold("init").requireSuccess()
            for (program, words) in [(Executables.pinfold, ["mount", "--foreground"]), (Executables.deployd, [String]())] {
                let daemon = try started(program, words, closed, installation, descriptors: [:])
                let isThere =
                    program == Executables.pinfold
                    ? installation.mountpoint + "/agent-data" : installation.data + "/deployments/agent/deploy.sock"
                try await eventually("\(program) serves") { exists(isThere) }
                expectNull(daemon.pid, closed, program)
                try daemon.signal(SIGTERM)
                _ = try daemon.wait()
            }
            // It waits for its orders on 3.
            var ends: [Int32] = [-1, -1]
            _ = try check { unsafe pipe2(&ends, O_CLOEXEC) }
            let reading = Descriptor(owning: ends[0])
            let writing = Descriptor(owning: ends[1])
            let fence = try started(Executables.fence, [], closed, installation, descriptors: [3: reading.rawValue])
            try await eventually("pinfold-fence has begun") { try readLink(of: fence.pid, "exe").hasSuffix("/pinfold-fence") }
            try await eventually("pinfold-fence has looked") {
                try Self.numbers(closed).allSatisfy { try readLink(of: fence.pid, "fd/\($0)") == "/dev/null" }
            }
            withExtendedLifetime(writing) {}
        }
    }

    @Test func `get nothing that pinfold-git says into the repository`() throws {
        try Installation.with { installation in
            try installation.makeRepository()
            try installation.pinfold("init").requireSuccess()
            let repository = installation.codeRepo
            for (index, closed) in Self.combinations.enumerated() {
                try writeFile("\(repository)/file\(index)", "new\n")
                try shell(
                    "exec '\(Executables.git)' commit '\(repository)' trunk --message m --name n --email e@localhost \(closed)"
                ).requireSuccess()
                try shell(
                    "'\(Executables.git)' commit '\(repository)/nowhere' trunk --message m --name n --email e@localhost \(closed) || true"
                )
                let state = try shell(
                    "git -c safe.directory='*' -C '\(repository)' fsck --strict && git -c safe.directory='*' -C '\(repository)' status --short"
                )
                #expect(state.status.isSuccess && state.output.isEmpty, "\(closed): \(state)")
            }
        }
    }

    private static func numbers(_ closed: String) -> [Int] {
        closed.split(separator: " ").map { $0.hasPrefix("<") ? 0 : $0.hasPrefix("2") ? 2 : 1 }
    }

    private func started(
        _ program: String, _ words: [String], _ closed: String, _ installation: Installation, descriptors: [Int32: Int32]
    ) throws -> ChildProcess {
        let quoted = ([program] + words).map { "'\($0)'" }.joined(separator: " ")
        return try ChildProcess(
            .init(
                "/bin/sh", ["-c", "exec \(quoted) \(closed)"], environment: mergedEnvironment(installation.environment),
                workingDirectory: installation.root, descriptors: descriptors))
    }

    private func expectNull(_ pid: Int32, _ closed: String, _ program: String) {
        for number in Self.numbers(closed) {
            #expect((try? readLink(of: pid, "fd/\(number)")) == "/dev/null", "\(program) \(closed): \(number)")
        }
    }

    private func readLink(of pid: Int32, _ name: String) throws -> String {
        try run("readlink", ["/proc/\(pid)/\(name)"]).output.filter { $0 != "\n" }
    }
}
