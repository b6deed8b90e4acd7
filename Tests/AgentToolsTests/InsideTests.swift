import LinuxSystem
import TestSupport
import Testing

/// The loop of work is closed inside the view: what fails is shown there, what is refused explained, and nothing leads to what only an admin can do.
@Suite(.serialized, .timeLimit(.minutes(10))) struct InsideTests {
    @Test func `a deployment that fails prints what failed and its output, and one that is mended deploys`() throws {
        try AgentPlace.with { place in
            try place.agent("echo 2 > version; touch broken")
            let failed = try place.pinfoldInside("deploy", "--message", "Second")
            #expect(failed.status == .exited(1), "\(failed)")
            #expect(failed.output.contains("failed (test)") && failed.output.contains("the sum is wrong"), "\(failed)")
            let commit = String(try place.agent("git rev-parse HEAD").prefix(12))
            #expect(try place.pinfoldInside("logs", commit).output.contains("the sum is wrong"))
            let shown = try place.pinfoldInside("show", commit)
            #expect(shown.output.contains("pinfold logs"), "\(shown)")
            let changed = try place.pinfoldInside("diff", commit)
            #expect(changed.output.contains("+2"), "\(changed)")
            #expect(try place.pinfoldInside("history").output.contains("Second"))
            try place.agent("rm broken")
            let mended = try place.pinfoldInside("deploy", "--message", "Third")
            #expect(mended.status == .exited(0), "\(mended)")
            #expect(!mended.output.contains("output"), "\(mended)")
            #expect(try readFile(place.current + "/version") == "2\n")
        }
    }

    @Test func `why answers inside as the gateway decides and as the kernel does`() throws {
        try AgentPlace.with { place in
            let cases: [(path: String, reads: Bool, writes: Bool, rule: String)] = [
                (place.codeRepo + "/version", true, true, "zone"), (place.codeRepo + "/new/file", true, true, "zone"),
                (place.codeRepo + "/.git/hooks/post-commit", true, false, "protected-name"),
                (place.data + "/models/model", true, false, "read-only-view"), ("/etc/pinfold/pinfold.env", false, false, "hidden"),
                (place.data + "/deployments/admin/admin.sock", false, false, "hidden"), ("/tmp/x", true, true, "own-mount"),
                ("/usr/bin/env", true, false, "outside-the-view"),
            ]
            for (path, reads, writes, rule) in cases {
                let read = try place.pinfoldInside("why", path)
                #expect(read.status == .exited(reads ? 0 : 1), "\(read)")
                let write = try place.pinfoldInside("why", "--write", "--json", path)
                #expect(write.status == .exited(writes ? 0 : 1), "\(write)")
                #expect(write.output.contains("\"rule\" : \"\(rule)\""), "\(rule): \(write)")
            }
            // Behind what this user may not walk through, nothing is seen.
            try makeDirectories(place.data + "/closed/in")
            try run("chmod", ["700", place.data + "/closed"]).requireSuccess()
            for words in [[place.data + "/closed/in/x"], ["--write", place.data + "/closed/in"]] {
                let closed = try place.inside([place.pinfold, "why"] + words)
                #expect(closed.status == .exited(1) && closed.output.contains("may not"), "\(closed)")
                #expect(!closed.output.contains("nothing exists"), "\(closed)")
            }
            let closed = try place.pinfoldInside("why", place.data + "/closed/in/x")
            #expect(closed.output.contains("\(place.data)/closed lets this user look no further: mode 700"), "\(closed)")
            // The rules let it be read; who may is what its modes say.
            let secret = try place.pinfoldInside("why", place.data + "/models/secret")
            #expect(secret.status == .exited(1))
            #expect(secret.output.contains("modes") && secret.output.contains("EACCES"), "\(secret)")
        }
    }

    @Test func `what is the admin's is refused in words inside, and nothing there suggests it`() throws {
        try AgentPlace.with { place in
            for words in [
                ["approve", "0123456"], ["rollback"], ["hold", "--reason", "x"], ["mount"], ["audit"], ["run", "true"],
                ["run", "--", "true"],
            ] {
                let refused = try place.inside([place.pinfold] + words)
                #expect(refused.status == .exited(1), "\(refused)")
                #expect(refused.errors.contains("the admin's"), "\(refused)")
            }
            let help = try place.pinfoldInside("--help")
            #expect(help.output.contains("deploy") && help.output.contains("mcp"), "\(help)")
            for word in ["approve", "rollback", "umount", "init "] { #expect(!help.output.contains("  \(word)"), "\(help)") }
            let events = try place.pinfoldInside("history", "--events")
            #expect(events.status == .exited(1) && events.errors.contains("the admin's"), "\(events)")
        }
    }

    @Test func `doctor says inside what it is about, and the page is there in under a hundred lines`() throws {
        try AgentPlace.with { place in
            let healthy = try place.pinfoldInside("doctor")
            #expect(healthy.status == .exited(0), "\(healthy)")
            #expect(
                healthy.output.contains("inside 'pinfold run'") && healthy.output.contains(place.data + "/AGENTS.md"), "\(healthy)")
            let page = try place.inside(["cat", place.data + "/AGENTS.md"]).requireSuccess()
            #expect(page.split(separator: "\n", omittingEmptySubsequences: false).count < 100)
            for words in [place.codeRepo, place.sandbox, "pinfold why", "pinfold deploy --message", "What a human is asked"] {
                #expect(page.contains(words), "\(words) in \(page)")
            }
            #expect(!page.contains("pinfold approve") && !page.contains("pinfold lift"))
            try place.agent("git checkout -q -b elsewhere")
            let limited = try place.pinfoldInside("doctor")
            #expect(limited.output.contains("git checkout main"), "\(limited)")
        }
    }

    @Test func `without a daemon the agent is told so, and not how to start one`() throws {
        try AgentPlace.with(isServed: false) { place in
            let gone = try place.pinfoldInside("deploy", "--message", "m")
            #expect(gone.status == .exited(4), "\(gone)")
            #expect(gone.errors.contains("not running") && !gone.errors.contains("systemctl"), "\(gone)")
            #expect(try place.pinfoldInside("doctor").status == .exited(1))
        }
    }
}
