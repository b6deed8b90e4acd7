import CLinux
import LinuxSystem
import SystemPackage
import TestSupport
import Testing

/// Calls chosen by chance, by root and by the agent's user at once: the daemon answers them all, and nothing outside the zones changes.
@Suite(.serialized, .timeLimit(.minutes(10))) struct `Random calls` {
    @Test func `change nothing outside the zones and nothing protected`() async throws {
        func prepare(_ source: String) throws {
            try makeDirectories(source + "/outside/deep")
            for name in ["file", "deep/file", "secret"] { try writeFile("\(source)/outside/\(name)", "outside \(name)") }
            try makeDirectories(source + "/data/code-repo/.git/objects/info")
            try writeFile(source + "/data/code-repo/.git/config", "[core]\n")
            try writeFile(source + "/data/code-repo/.git/HEAD", "ref: refs/heads/main\n")
            try run("chown", ["-R", "\(MountedGateway.agent.uid):\(MountedGateway.agent.gid)", source + "/data/code-repo"])
                .requireSuccess()
        }
        try await withGateway(
            .init(hide: ["/**/secret"], protect: [".git/hooks", ".git/config", ".git/info/attributes"]), prepare: prepare
        ) { gateway in
            let before = try Self.picture(of: gateway.source)
            let done = Lock<[String]>([])
            let (view, sandbox, codeRepo) = (gateway.view, gateway.viewSandbox, gateway.viewCodeRepo)
            let seed = UInt64.random(in: 1...1_000_000)
            for (number, user) in [UInt32(0), MountedGateway.agent.uid, 0, MountedGateway.agent.uid].enumerated() {
                // A thread each: only threads have a user of their own for file access.
                _ = try SystemThread("fuzz-\(number)") {
                    if user != 0 {
                        _ = pinfold_thread_setfsgid(MountedGateway.agent.gid)
                        _ = pinfold_thread_setfsuid(user)
                    }
                    var calls = RandomCalls(
                        seed: seed + UInt64(number),
                        bases: [view, view + "/outside", sandbox, sandbox, codeRepo, codeRepo + "/.git"])
                    for _ in 0..<2500 { calls.call() }
                    done.withLock { $0.append(calls.last) }
                }
            }
            try await eventually("the calls of seed \(seed) end", within: 100) { done.withLock { $0.count == 4 } }
            let log = (try? readFile(gateway.log)) ?? ""
            #expect(kill(gateway.pid, 0) == 0, "the daemon ended, seed \(seed): \(log)")
            let after = try Self.picture(of: gateway.source)
            #expect(Set(after).symmetricDifference(before).sorted() == [], "seed \(seed)")
            // It serves on.
            try writeFile(sandbox + "/after", "still here")
            #expect(try readFile(gateway.sandbox + "/after") == "still here")
            #expect(try readFile(view + "/outside/file") == "outside file")
            let devices = try run("find", [gateway.sandbox, gateway.codeRepo, "(", "-type", "b", "-o", "-type", "c", ")"])
                .requireSuccess()
            #expect(devices.isEmpty, "seed \(seed)")
        }
    }

    /// Everything outside the zones, and what is protected in code-repo.
    private static func picture(of source: String) throws -> [Substring] {
        try shell(
            """
            cd '\(source)'
            find . \\( -path ./data/sandbox -o -path ./data/code-repo \\) -prune -o -printf '%p %y %m %U:%G %s %T@ %n %l\\n' | sort
            cat outside/file outside/deep/file outside/secret
            getfattr -dRh -m - outside 2>/dev/null || true
            cd data/code-repo
            find . \\( -path '*/.git/hooks*' -o -path '*/.git/config' -o -path '*/.git/info/attributes' \\) -printf '%p %y %m %U:%G %s %T@ %n\\n' | sort
            cat .git/config
            """
        ).requireSuccess().split(separator: "\n")
    }
}
