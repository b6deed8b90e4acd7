import CLinux
import LinuxSystem
import SystemPackage
import TestSupport
import Testing

/// Names in zones: made, moved, linked, removed, and never across. Docs/Semantics.md, S-20 to S-24.
@Suite struct ZoneNamesTests {
    @Test(.timeLimit(.minutes(10))) func `S-18: a directory with a path longer than any stays usable when something moves`()
        async throws
    {
        try await withGateway { gateway async throws in
            // A directory that gets a name with rules below it has all places found anew.
            let attempt = """
                import os
                top = os.getcwd()
                os.makedirs("repository/plain/info")
                for level in range(25):
                    os.mkdir("a" * 250); os.chdir("a" * 250)
                os.mkdir("plain")
                os.rename(top + "/repository/plain", top + "/repository/.git")
                with open("file", "x") as file: file.write("text")
                assert open("file").read() == "text" and sorted(os.listdir()) == ["file", "plain"]
                # Which rules hold there is known.
                os.makedirs("plain/hooks")
                os.mkdir(".git")
                try: os.mkdir(".git/hooks")
                except PermissionError: print("refused")
                """
            #expect(
                try run("python3", ["-c", attempt], workingDirectory: gateway.viewCodeRepo).requireSuccess() == "refused\n")
        }
    }

    @Test(.timeLimit(.minutes(10))) func `S-20: every kind of name but a device can be made and removed`() async throws {
        try await withGateway { gateway async throws in
            let zone = gateway.viewSandbox
            #expect(errno { unsafe mkdir(zone + "/d", 0o755) } == nil)
            #expect(errno { unsafe symlink("nowhere", zone + "/l") } == nil)
            #expect(errno { unsafe mknod(zone + "/p", FileCalls.fifo | 0o600, 0) } == nil)
            #expect(errno { unsafe mknod(zone + "/s", FileCalls.socket | 0o600, 0) } == nil)
            #expect(errno { unsafe mknod(zone + "/r", FileCalls.regular | 0o600, 0) } == nil)
            for kind in [FileCalls.character, FileCalls.block] {
                #expect(errno { unsafe mknod(zone + "/dev", kind | 0o600, 0x103) } == .notPermitted)
            }
            #expect(try run("ls", ["-A", gateway.sandbox]).requireSuccess() == "d\nl\np\nr\ns\n")
            #expect(errno { unsafe rmdir(zone + "/r") } == .notDirectory)
            #expect(errno { unsafe unlink(zone + "/d") } == .isDirectory)
            for name in ["l", "p", "r", "s"] { #expect(errno { unsafe unlink("\(zone)/\(name)") } == nil) }
            try writeFile(zone + "/d/x", "")
            #expect(errno { unsafe rmdir(zone + "/d") } == .directoryNotEmpty)
            #expect(errno { unsafe unlink(zone + "/none") } == .noSuchFileOrDirectory)
        }
    }

    @Test(.timeLimit(.minutes(10))) func `S-21: rename replaces, refuses to, or exchanges, as asked`() async throws {
        try await withGateway { gateway async throws in
            let zone = gateway.viewSandbox
            try shell("echo a > a; echo b > b; mkdir d; echo x > d/x", workingDirectory: zone).requireSuccess()
            #expect(FileCalls.rename(zone + "/a", zone + "/b", pinfold_RENAME_NOREPLACE) == .fileExists)
            #expect(FileCalls.rename(zone + "/a", zone + "/d", pinfold_RENAME_EXCHANGE) == nil)
            #expect(try readFile(zone + "/a/x") == "x\n")
            #expect(try readFile(zone + "/d") == "a\n")
            #expect(FileCalls.rename(zone + "/d", zone + "/b") == nil)
            #expect(try readFile(gateway.sandbox + "/b") == "a\n")
            #expect(FileCalls.rename(zone + "/b", zone + "/a/in") == nil)
            #expect(FileCalls.rename(zone + "/a", zone + "/a/in2") == .invalidArgument)
            // A whiteout is a device node.
            #expect(FileCalls.rename(zone + "/a/in", zone + "/w", pinfold_RENAME_WHITEOUT) == .notPermitted)
            #expect(
                try run("find", [".", "-type", "f"], workingDirectory: gateway.sandbox).requireSuccess().split(separator: "\n")
                    .sorted() == ["./a/in", "./a/x"])
        }
    }

    @Test(.timeLimit(.minutes(10))) func `S-22: no name moves or is linked across the zones' borders`() async throws {
        let prepare: (String) throws -> Void = { try writeFile($0 + "/outside", "o") }
        try await withGateway(prepare: prepare) { gateway async throws in
            let inside = gateway.viewSandbox + "/inside"
            try writeFile(inside, "i")
            for target in [gateway.viewCodeRepo + "/x", gateway.view + "/x"] {
                let refused = FileCalls.rename(inside, target)
                #expect(refused == .improperLink || refused == .readOnlyFileSystem)
                let unlinked = errno { unsafe link(inside, target) }
                #expect(unlinked == .improperLink || unlinked == .readOnlyFileSystem)
            }
            #expect(errno { unsafe link(gateway.view + "/outside", gateway.viewSandbox + "/l") } == .improperLink)
            let moved = FileCalls.rename(gateway.view + "/outside", gateway.viewSandbox + "/m")
            #expect(moved == .improperLink || moved == .readOnlyFileSystem)
            // A symbolic link that leads out leads to what is read-only.
            #expect(errno { unsafe symlink("../../outside", gateway.viewSandbox + "/way") } == nil)
            #expect(FileCalls.open(gateway.viewSandbox + "/way", O_WRONLY) == .readOnlyFileSystem)
            #expect(try readFile(gateway.source + "/outside") == "o")
        }
    }

    @Test(.timeLimit(.minutes(10))) func `S-23: an inode with a name outside the zone cannot be changed through it`() async throws {
        let prepare: (String) throws -> Void = { source in
            try shell("echo safe > outside; ln outside data/sandbox/leak; chmod 666 outside", workingDirectory: source)
                .requireSuccess()
        }
        try await withGateway(prepare: prepare) { gateway async throws in
            let leak = gateway.viewSandbox + "/leak"
            #expect(try readFile(leak) == "safe\n")
            for flags in [O_WRONLY, O_RDWR, O_RDONLY | O_TRUNC, O_WRONLY | O_CREAT] {
                #expect(FileCalls.open(leak, flags) == .notPermitted)
            }
            #expect(errno { unsafe truncate(leak, 0) } == .notPermitted)
            #expect(errno { unsafe chmod(leak, 0o777) } == .notPermitted)
            #expect(errno { unsafe chown(leak, 1, 1) } == .notPermitted)
            #expect(errno { unsafe utimensat(pinfold_AT_FDCWD, leak, nil, 0) } == .notPermitted)
            #expect(FileCalls.setAttribute(leak, "user.x", [1]) == .notPermitted)
            #expect(errno { unsafe link(leak, gateway.viewSandbox + "/more") } == .notPermitted)
            // Moving and removing the name inside leaves the inode as it is.
            #expect(FileCalls.rename(leak, gateway.viewSandbox + "/moved") == nil)
            #expect(FileCalls.open(gateway.viewSandbox + "/moved", O_WRONLY) == .notPermitted)
            #expect(errno { unsafe unlink(gateway.viewSandbox + "/moved") } == nil)
            #expect(try readFile(gateway.source + "/outside") == "safe\n")
        }
    }

    @Test(.timeLimit(.minutes(10))) func `S-24: hard links inside a zone are files like any`() async throws {
        let prepare: (String) throws -> Void = {
            try shell("echo old > o1; ln o1 o2", workingDirectory: $0 + "/data/sandbox").requireSuccess()
        }
        try await withGateway(prepare: prepare) {
            gateway async throws in
            let zone = gateway.viewSandbox
            try writeFile(zone + "/a", "a")
            #expect(errno { unsafe link(zone + "/a", zone + "/b") } == nil)
            #expect(errno { unsafe link(zone + "/b", zone + "/c") } == nil)
            #expect(status(zone + "/a")?.st_nlink == 3)
            #expect(FileCalls.open(zone + "/a", O_RDWR) == nil)
            #expect(FileCalls.rename(zone + "/c", zone + "/d") == nil)
            #expect(FileCalls.open(zone + "/d", O_RDWR) == nil)
            #expect(errno { unsafe unlink(zone + "/b") } == nil)
            try writeFile(zone + "/d", "shared")
            #expect(try readFile(gateway.sandbox + "/a") == "shared")
            // Those that were there before the mount are counted as their names are met.
            try run("ls", ["-l", zone]).requireSuccess()
            #expect(FileCalls.open(zone + "/o1", O_RDWR) == nil)
            // One more name outside, made beside the mount, closes the file for writing.
            #expect(errno { unsafe link(gateway.sandbox + "/a", gateway.source + "/out") } == nil)
            #expect(FileCalls.open(zone + "/a", O_RDWR) == .notPermitted)
        }
    }
}
