import CLinux
import LinuxSystem
import SystemPackage
import TestSupport
import Testing

/// Whose files are, and who may what. Docs/Semantics.md, S-30 to S-34.
@Suite struct ZoneOwnershipTests {
    @Test(.timeLimit(.minutes(10))) func `S-30: what is made belongs to who made it, less the umask`() async throws {
        try await withGateway { gateway async throws in
            try gateway.asAgent("cd data/sandbox; umask 027; echo x > f; mkdir d; mkfifo p; ln -s f l").requireSuccess()
            for (name, mode) in [
                ("f", FileCalls.regular | 0o640), ("d", FileCalls.directory | 0o750), ("p", FileCalls.fifo | 0o640),
                ("l", FileCalls.symbolicLink | 0o777),
            ] {
                let made = try #require(status("\(gateway.sandbox)/\(name)"))
                #expect(made.st_uid == MountedGateway.agent.uid && made.st_gid == MountedGateway.agent.gid, "\(name)")
                #expect(made.st_mode == mode, "\(name)")
            }
            // Root beside the agent makes files as root.
            try writeFile(gateway.viewSandbox + "/root", "r")
            #expect(status(gateway.sandbox + "/root")?.st_uid == 0)
            try gateway.asAgent("echo again > data/sandbox/again").requireSuccess()
            #expect(status(gateway.sandbox + "/again")?.st_uid == MountedGateway.agent.uid)
        }
    }

    @Test(.timeLimit(.minutes(10))) func `S-31: setgid directories, default ACLs and sticky bits do what they do on a disk`()
        async throws
    {
        let prepare: (String) throws -> Void = { source in
            try shell(
                "mkdir shared listed sticky; chown 61234:777 shared; chmod 2775 shared; chown 61234:61234 listed; chmod 1777 sticky; echo x > sticky/root",
                workingDirectory: source + "/data/sandbox"
            ).requireSuccess()
            let list = FileCalls.accessList(owner: 7, user: 4321, 5, group: 5, mask: 5, other: 0)
            #expect(FileCalls.setAttribute(source + "/data/sandbox/listed", "system.posix_acl_default", list) == nil)
        }
        try await withGateway(prepare: prepare) { gateway async throws in
            try gateway.asAgent("cd data/sandbox; umask 077; mkdir shared/d; echo x > shared/f; echo y > listed/f").requireSuccess()
            #expect(status(gateway.sandbox + "/shared/f")?.st_gid == 777)
            #expect(status(gateway.sandbox + "/shared/d")?.st_gid == 777)
            #expect((status(gateway.sandbox + "/shared/d")?.st_mode ?? 0) & 0o2000 != 0)
            // The default ACL takes the umask's place.
            #expect(FileCalls.attribute(gateway.sandbox + "/listed/f", "system.posix_acl_access") != nil)
            #expect((status(gateway.sandbox + "/listed/f")?.st_mode ?? 0) & 0o070 != 0)
            #expect(try !gateway.asAgent("rm -f data/sandbox/sticky/root").status.isSuccess)
            #expect(exists(gateway.sandbox + "/sticky/root"))
        }
    }

    @Test(.timeLimit(.minutes(10))) func `S-32: all of a caller's groups count, however many there are`() async throws {
        let prepare: (String) throws -> Void = { source in
            try shell("echo g > grouped; chown 0:9040 grouped; chmod 660 grouped", workingDirectory: source + "/data/sandbox")
                .requireSuccess()
        }
        try await withGateway(prepare: prepare) { gateway async throws in
            let groups = (9000...9040).map(String.init).joined(separator: ",")
            let file = gateway.viewSandbox + "/grouped"
            let agent = MountedGateway.agent
            try run(
                "setpriv",
                ["--reuid=\(agent.uid)", "--regid=\(agent.gid)", "--groups=\(groups)", "--", "bash", "-c", "echo more >> \(file)"]
            )
            .requireSuccess()
            #expect(try readFile(gateway.sandbox + "/grouped") == "g\nmore\n")
            #expect(try !gateway.asAgent("cat data/sandbox/grouped").status.isSuccess)
        }
    }

    @Test(.timeLimit(.minutes(10))) func `S-33: permissions are the kernel's to judge, as on a disk`() async throws {
        let prepare: (String) throws -> Void = { source in
            try shell("mkdir -m 700 closed; echo x > closed/x; echo y > y; chmod 644 y", workingDirectory: source + "/data/sandbox")
                .requireSuccess()
        }
        try await withGateway(prepare: prepare) { gateway async throws in
            for refused in [
                "cat closed/x", "echo z > y", "chmod 666 y", "chown 61234 y", "touch -d 2000-01-01 y", "mkdir closed/d",
            ] {
                #expect(try !gateway.asAgent("cd data/sandbox; \(refused)").status.isSuccess, "\(refused)")
            }
            #expect(try readFile(gateway.sandbox + "/y") == "y\n")
        }
    }

    @Test(.timeLimit(.minutes(10)), arguments: [[], ["passthrough"]])
    func `S-34: writing and chown take the setuid bit`(without: [String]) async throws {
        try await withGateway(.init(without: without)) { gateway async throws in
            try gateway.asAgent(
                """
                cd data/sandbox
                for name in written cut owned; do echo x > $name; chmod 6755 $name; done
                test "$(stat -c %a written)" = 6755
                echo y >> written
                truncate -s 0 cut
                chgrp 61234 owned
                """
            ).requireSuccess()
            for name in ["written", "cut", "owned"] {
                #expect((status("\(gateway.sandbox)/\(name)")?.st_mode ?? 0) & 0o6000 == 0, "\(name)")
                #expect((status("\(gateway.viewSandbox)/\(name)")?.st_mode ?? 0) & 0o6000 == 0, "\(name)")
            }
        }
    }
}
