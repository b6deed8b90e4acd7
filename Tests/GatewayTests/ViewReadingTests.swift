import CLinux
import LinuxSystem
import SystemPackage
import TestSupport
import Testing

/// What the view shows, and that it is what is there. Docs/Semantics.md, S-1 to S-9.
@Suite struct ViewReadingTests {
    @Test(.timeLimit(.minutes(10))) func `S-1: the view shows contents, names and links as they are on the disk`() async throws {
        let prepare: (String) throws -> Void = { source in
            try shell(
                "mkdir -p a/b; printf hello > a/b/file; ln -s b/file a/link; head -c 300000 /dev/urandom > big",
                workingDirectory: source
            )
            .requireSuccess()
        }
        try await withGateway(prepare: prepare) { gateway async throws in
            #expect(try readFile(gateway.view + "/a/b/file") == "hello")
            #expect(try run("readlink", [gateway.view + "/a/link"]).requireSuccess() == "b/file\n")
            #expect(try readFile(gateway.view + "/a/link") == "hello")
            #expect(try readBytes(gateway.view + "/big") == readBytes(gateway.source + "/big"))
            let below = try run(
                "find", [".", "-printf", "%P %y %i %s %T@ %C@ %m %U %G %n\\n"], workingDirectory: gateway.source + "/a"
            ).requireSuccess()
            let shown = try run(
                "find", [".", "-printf", "%P %y %i %s %T@ %C@ %m %U %G %n\\n"], workingDirectory: gateway.view + "/a"
            ).requireSuccess()
            #expect(shown == below)
        }
    }

    @Test(.timeLimit(.minutes(10))) func `S-2: every way to change the view is EROFS, for root too`() async throws {
        let prepare: (String) throws -> Void = {
            try shell("mkdir d; echo x > f; ln -s f l", workingDirectory: $0).requireSuccess()
        }
        try await withGateway(prepare: prepare) {
            gateway async throws in
            let file = gateway.view + "/f"
            let new = gateway.view + "/new"
            for flags in [O_WRONLY, O_RDWR, O_RDONLY | O_TRUNC, O_WRONLY | O_APPEND] {
                #expect(FileCalls.open(file, flags) == .readOnlyFileSystem)
            }
            #expect(FileCalls.open(new, O_WRONLY | O_CREAT) == .readOnlyFileSystem)
            #expect(FileCalls.open(gateway.view + "/d", O_RDWR | pinfold_O_TMPFILE) == .readOnlyFileSystem)
            #expect(errno { unsafe mkdir(new, 0o755) } == .readOnlyFileSystem)
            #expect(errno { unsafe mknod(new, FileCalls.fifo | 0o644, 0) } == .readOnlyFileSystem)
            #expect(errno { unsafe symlink("x", new) } == .readOnlyFileSystem)
            #expect(errno { unsafe link(file, new) } == .readOnlyFileSystem)
            #expect(errno { unsafe unlink(file) } == .readOnlyFileSystem)
            #expect(errno { unsafe rmdir(gateway.view + "/d") } == .readOnlyFileSystem)
            for flags in [0, pinfold_RENAME_EXCHANGE, pinfold_RENAME_NOREPLACE] {
                #expect(
                    FileCalls.rename(file, flags == pinfold_RENAME_EXCHANGE ? gateway.view + "/l" : new, flags)
                        == .readOnlyFileSystem)
            }
            #expect(errno { unsafe chmod(file, 0o600) } == .readOnlyFileSystem)
            #expect(errno { unsafe chown(file, 1, 1) } == .readOnlyFileSystem)
            #expect(errno { unsafe truncate(file, 0) } == .readOnlyFileSystem)
            #expect(errno { unsafe utimensat(pinfold_AT_FDCWD, file, nil, 0) } == .readOnlyFileSystem)
            #expect(FileCalls.setAttribute(file, "user.x", [1]) == .readOnlyFileSystem)
            #expect(errno { unsafe removexattr(file, "user.x") } == .readOnlyFileSystem)
            #expect(try readFile(gateway.source + "/f") == "x\n")
        }
    }

    @Test(.timeLimit(.minutes(10))) func `S-3: hidden names do not exist by lookup, listing or any path below`() async throws {
        try await withTemporaryDirectory { directory in
            try MountedGateway.makeDirectories(in: directory)
            try shell(
                "mkdir -p keys open; echo s > keys/key; echo e > open/.env; echo o > open/ok",
                workingDirectory: directory + "/source"
            )
            .requireSuccess()
            try await withGateway(in: directory, .init(hide: [directory + "/source/keys", "**/.env"])) { gateway async throws in
                for path in ["keys", "keys/key", "keys/nothing", "open/.env"] {
                    #expect(FileCalls.open("\(gateway.view)/\(path)", O_RDONLY) == .noSuchFileOrDirectory, "\(path)")
                    #expect(!exists("\(gateway.view)/\(path)"))
                }
                #expect(try run("ls", ["-A", gateway.view]).requireSuccess() == "data\nopen\n")
                #expect(try run("ls", ["-A", gateway.view + "/open"]).requireSuccess() == "ok\n")
                #expect(try run("find", [gateway.view, "-name", "key*"]).requireSuccess() == "")
            }
        }
    }

    @Test(.timeLimit(.minutes(10))) func `S-4: another name of a hidden file's inode is hidden as well`() async throws {
        try await withTemporaryDirectory { directory in
            try MountedGateway.makeDirectories(in: directory)
            try shell(
                "mkdir -p keys/deep open; echo s > keys/deep/key; ln keys/deep/key open/alias; echo o > open/a; ln open/a open/b",
                workingDirectory: directory + "/source"
            ).requireSuccess()
            try await withGateway(in: directory, .init(hide: [directory + "/source/keys"])) { gateway async throws in
                #expect(FileCalls.open(gateway.view + "/open/alias", O_RDONLY) == .noSuchFileOrDirectory)
                // Nothing is hidden of files that merely have two names.
                #expect(try readFile(gateway.view + "/open/b") == "o\n")
            }
        }
    }

    @Test(.timeLimit(.minutes(10))) func `S-4: a file that gets the number of a hidden one that is gone is shown`() async throws {
        try await withTemporaryDirectory { directory in
            try MountedGateway.makeDirectories(in: directory)
            try makeDirectories(directory + "/source/open")
            try await withGateway(in: directory, .init(hide: ["**/.env"])) { gateway async throws in
                let place = gateway.source + "/open"
                try shell("echo s > .env; ln .env alias", workingDirectory: place).requireSuccess()
                try await eventually("both are hidden") {
                    try run("ls", ["-A", gateway.view + "/open"]).output == "" && !exists(gateway.view + "/open/alias")
                }
                let number = try #require(status(place + "/.env")?.st_ino)
                try shell("rm .env alias", workingDirectory: place).requireSuccess()
                // ext4 gives a number again soon; where none does, there is nothing to be seen.
                for file in 0..<64 {
                    try shell("echo o > new\(file); ln new\(file) other\(file)", workingDirectory: place).requireSuccess()
                    guard status("\(place)/new\(file)")?.st_ino == number else { continue }
                    try await eventually("it is shown") {
                        (try? readFile("\(gateway.view)/open/new\(file)")) == "o\n" && exists("\(gateway.view)/open/other\(file)")
                    }
                    return
                }
            }
        }
    }

    @Test(.timeLimit(.minutes(10))) func `S-5: FIFOs and sockets are shown and never opened by the gateway`() async throws {
        let prepare: (String) throws -> Void = { try shell("mkfifo pipe; mknod null c 1 3", workingDirectory: $0).requireSuccess() }
        try await withGateway(prepare: prepare) {
            gateway async throws in
            #expect((status(gateway.view + "/pipe")?.st_mode ?? 0) & 0o170000 == FileCalls.fifo)
            // A FIFO in the view is the kernel's own: nobody writes to it, so an open for reading that does not wait succeeds.
            #expect(FileCalls.open(gateway.view + "/pipe", O_RDONLY | O_NONBLOCK) == nil)
            // `nodev`.
            #expect(FileCalls.open(gateway.view + "/null", O_RDONLY) == .permissionDenied)
            #expect(try readFile(gateway.log).contains("error") == false)
        }
    }

    @Test(.timeLimit(.minutes(10))) func `S-6: permissions, owners and ACLs of the source hold for the agent`() async throws {
        let prepare: (String) throws -> Void = { source in
            try shell(
                "echo s > secret; chmod 600 secret; mkdir -m 700 closed; echo x > closed/x; echo a > listed; chmod 600 listed",
                workingDirectory: source
            )
            .requireSuccess()
            let list = FileCalls.accessList(owner: 6, user: MountedGateway.agent.uid, 4, group: 0, mask: 4, other: 0)
            #expect(FileCalls.setAttribute(source + "/listed", "system.posix_acl_access", list) == nil)
        }
        try await withGateway(prepare: prepare) { gateway async throws in
            #expect(try !gateway.asAgent("cat secret").status.isSuccess)
            #expect(try !gateway.asAgent("ls closed").status.isSuccess)
            #expect(try gateway.asAgent("cat listed").requireSuccess() == "a\n")
            #expect(FileCalls.attribute(gateway.view + "/listed", "system.posix_acl_access") != nil)
        }
    }

    @Test(.timeLimit(.minutes(10))) func `S-7: extended attributes are read as they are`() async throws {
        let prepare: (String) throws -> Void = { source in
            try writeFile(source + "/f", "x")
            #expect(FileCalls.setAttribute(source + "/f", "user.note", Array("value".utf8)) == nil)
            #expect(FileCalls.setAttribute(source + "/f", "trusted.secret", Array("value".utf8)) == nil)
        }
        try await withGateway(prepare: prepare) { gateway async throws in
            #expect(FileCalls.attribute(gateway.view + "/f", "user.note") == Array("value".utf8))
            // As on a disk: the names of trusted ones are root's.
            let list = "import os; print(os.listxattr('f'))"
            #expect(try gateway.asAgent("python3 -c \"\(list)\"").requireSuccess() == "['user.note']\n")
            #expect(FileCalls.attribute(gateway.view + "/f", "user.none") == nil)
            var names = [UInt8](repeating: 0, count: 1000)
            let size = unsafe listxattr(gateway.view + "/f", nil, 0)
            let count = unsafe names.withUnsafeMutableBytes {
                unsafe listxattr(gateway.view + "/f", $0.baseAddress?.assumingMemoryBound(to: CChar.self), 1000)
            }
            #expect(size == count)
            #expect(String(decoding: names[..<max(count, 0)], as: UTF8.self).contains("user.note\0"))
        }
    }

    @Test(.timeLimit(.minutes(10))) func `S-8: a directory of 10,000 entries is listed whole, each name once`() async throws {
        let prepare: (String) throws -> Void = { source in
            try shell("mkdir many; cd many; seq 10000 | xargs touch", workingDirectory: source).requireSuccess()
        }
        try await withGateway(prepare: prepare) { gateway async throws in
            let names = try run("ls", ["-U", gateway.view + "/many"]).requireSuccess().split(separator: "\n")
            #expect(names.count == 10_000)
            #expect(Set(names).count == 10_000)
            let long = try run("find", [gateway.view + "/many", "-type", "f", "-size", "0"]).requireSuccess().split(separator: "\n")
            #expect(long.count == 10_000)
        }
    }

    @Test(.timeLimit(.minutes(10))) func `S-9: a pseudo filesystem below the source is an empty directory`() async throws {
        try await withTemporaryDirectory { directory in
            try MountedGateway.makeDirectories(in: directory)
            try makeDirectories(directory + "/source/proc")
            try makeDirectories(directory + "/source/other")
            try run("mount", ["-t", "proc", "proc", directory + "/source/proc"]).requireSuccess()
            try run("mount", ["-t", "tmpfs", "tmpfs", directory + "/source/other"]).requireSuccess()
            try writeFile(directory + "/source/other/file", "other")
            try await withGateway(in: directory) { gateway async throws in
                #expect(try run("ls", ["-A", gateway.view + "/proc"]).requireSuccess() == "")
                #expect(FileCalls.open(gateway.view + "/proc/self/environ", O_RDONLY) == .noSuchFileOrDirectory)
                #expect(status(gateway.view + "/proc")?.st_mode == FileCalls.directory | 0o555)
                // Another disk filesystem is shown.
                #expect(try readFile(gateway.view + "/other/file") == "other")
            }
        }
    }
}
