import CLinux
import LinuxSystem
import SystemPackage
import TestSupport
import Testing

/// That files in a zone are what files on the disk below are. Docs/Semantics.md, S-10 to S-19.
@Suite struct ZoneFileTests {
    @Test(.timeLimit(.minutes(10)), arguments: [[], ["passthrough"]])
    func `S-10: what is written in a zone is on the disk and reads back`(without: [String]) async throws {
        try await withGateway(.init(without: without)) { gateway async throws in
            let path = gateway.viewSandbox + "/f"
            let file = try FileCalls.opened(path, O_RDWR | O_CREAT | O_EXCL)
            try FileCalls.write(file, "hello world")
            #expect(try readFile(gateway.sandbox + "/f") == "hello world")
            #expect(try FileCalls.read(file, 100, at: 6) == "world")
            #expect(FileCalls.open(path, O_RDWR | O_CREAT | O_EXCL) == .fileExists)
            let tail = try FileCalls.opened(path, O_WRONLY | O_APPEND)
            try FileCalls.write(tail, "!")
            #expect(status(path)?.st_size == 12)
            try file.truncate(to: 5)
            #expect(status(path)?.st_size == 5)
            #expect(try readFile(path) == "hello")
            #expect(FileCalls.open(path, O_RDONLY | O_TRUNC) == nil)
            #expect(try readFile(gateway.sandbox + "/f") == "")
            // O_DIRECT is accepted and changes nothing but speed.
            #expect(FileCalls.open(path, O_RDWR | pinfold_O_DIRECT) == nil)
        }
    }

    @Test(.timeLimit(.minutes(10)), arguments: [[], ["passthrough"]])
    func `S-11: a file without a name lives as long as it is open`(without: [String]) async throws {
        try await withGateway(.init(without: without)) { gateway async throws in
            let path = gateway.viewSandbox + "/f"
            let file = try FileCalls.opened(path, O_RDWR | O_CREAT)
            try FileCalls.write(file, "kept")
            #expect(errno { unsafe unlink(path) } == nil)
            #expect(!exists(gateway.sandbox + "/f"))
            #expect(try FileCalls.read(file, 10) == "kept")
            try FileCalls.write(file, "more", at: 4)
            try file.truncate(to: 6)
            let status = try file.status()
            #expect(status.size == 6)
            #expect(status.links == 0)
            #expect(try FileCalls.read(file, 10) == "keptmo")
            try file.synchronize()
        }
    }

    @Test(.timeLimit(.minutes(10))) func `S-11: the space of a deleted file is free at once`() async throws {
        try await withGateway { gateway async throws in
            let path = gateway.viewSandbox + "/big"
            try run("dd", ["if=/dev/zero", "of=" + path, "bs=1M", "count=64", "status=none"]).requireSuccess()
            let device = try #require(status(gateway.sandbox + "/big"))
            #expect(errno { unsafe unlink(path) } == nil)
            // Nobody has the inode any more: neither a cached descriptor nor a backing file.
            try await eventually("the daemon lets go of the file") {
                let open = try run("bash", ["-c", "find /proc/\(gateway.server)/fd -lname '*big*' | wc -l"]).requireSuccess()
                return open == "0\n"
            }
            #expect(device.st_size == 64 << 20)
        }
    }

    @Test(.timeLimit(.minutes(10))) func `S-12: an unnamed file can be made and given a name`() async throws {
        try await withGateway { gateway async throws in
            let file = try FileCalls.opened(gateway.viewSandbox, O_RDWR | pinfold_O_TMPFILE, 0o640)
            try FileCalls.write(file, "unnamed")
            #expect(try run("ls", ["-A", gateway.viewSandbox]).requireSuccess() == "")
            let directory = try FileCalls.opened(gateway.viewSandbox, O_RDONLY | O_DIRECTORY)
            try "named".withPathBytes { name throws(Errno) in try file.link(to: directory, name) }
            #expect(try readFile(gateway.sandbox + "/named") == "unnamed")
            #expect(status(gateway.viewSandbox + "/named")?.st_nlink == 1)
            #expect(FileCalls.open(gateway.viewSandbox + "/named", O_RDWR) == nil)
        }
    }

    @Test(.timeLimit(.minutes(10))) func `S-13: sparse files, holes and preallocation are the disk's`() async throws {
        try await withGateway { gateway async throws in
            let path = gateway.viewSandbox + "/sparse"
            let file = try FileCalls.opened(path, O_RDWR | O_CREAT)
            let far: Int64 = 4 << 30
            try FileCalls.write(file, "end", at: far)
            #expect(status(path)?.st_size == Int(far) + 3)
            #expect((status(path)?.st_blocks ?? .max) < 1000)
            // SEEK_DATA 3, SEEK_HOLE 4.
            #expect(try file.seek(to: 0, whence: 3) == far)
            #expect(try file.seek(to: 0, whence: 4) == 0)
            #expect(throws: Errno.self) { _ = try file.seek(to: far + 10, whence: 3) }
            try file.allocate(mode: 0, offset: 0, length: 1 << 20)
            #expect((status(path)?.st_blocks ?? 0) >= 2048)
            // FALLOC_FL_KEEP_SIZE 1, FALLOC_FL_PUNCH_HOLE 2, FALLOC_FL_ZERO_RANGE 16.
            try FileCalls.write(file, "data")
            try file.allocate(mode: 16, offset: 0, length: 4096)
            #expect(try FileCalls.read(file, 4) == "\0\0\0\0")
            try file.allocate(mode: 3, offset: 0, length: 1 << 20)
            #expect(try file.seek(to: 0, whence: 3) == far)
            #expect(status(path)?.st_size == Int(far) + 3)
        }
    }

    @Test(.timeLimit(.minutes(10))) func `S-14: a copy inside the kernel gives the same bytes`() async throws {
        try await withGateway { gateway async throws in
            try writeFile(gateway.viewSandbox + "/from", "0123456789")
            let from = try FileCalls.opened(gateway.viewSandbox + "/from", O_RDONLY)
            let to = try FileCalls.opened(gateway.viewSandbox + "/to", O_RDWR | O_CREAT)
            #expect(try from.copyRange(from: 2, to: to, 1, length: 5) == 5)
            #expect(try readFile(gateway.sandbox + "/to") == "\023456")
            #expect(try from.copyRange(from: 10, to: to, 0, length: 5) == 0)
        }
    }

    @Test(.timeLimit(.minutes(10)), arguments: [[], ["passthrough"]])
    func `S-15: a shared map is the file`(without: [String]) async throws {
        try await withGateway(.init(without: without)) { gateway async throws in
            let path = gateway.viewSandbox + "/mapped"
            let file = try FileCalls.opened(path, O_RDWR | O_CREAT)
            try file.truncate(to: 4096)
            guard let memory = unsafe mmap(nil, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, file.rawValue, 0),
                Int(bitPattern: memory) != -1
            else {
                throw TestFailure("no map")
            }
            unsafe memory.storeBytes(of: 0x4142_4344, as: UInt32.self)
            let synced = unsafe msync(memory, 4096, MS_SYNC)
            #expect(synced == 0)
            #expect(try readBytes(gateway.sandbox + "/mapped").prefix(4) == [0x44, 0x43, 0x42, 0x41])
            unsafe munmap(memory, 4096)
        }
    }

    @Test(.timeLimit(.minutes(10))) func `S-16: times, modes and sizes can be set and are the disk's`() async throws {
        try await withGateway { gateway async throws in
            let path = gateway.viewSandbox + "/f"
            try writeFile(path, "x")
            #expect(errno { unsafe chmod(path, 0o751) } == nil)
            var times = [timespec(tv_sec: 1_000_000_000, tv_nsec: 123_456_789), timespec(tv_sec: -5, tv_nsec: 5)]
            #expect(errno { unsafe utimensat(pinfold_AT_FDCWD, path, &times, 0) } == nil)
            for seen in [path, gateway.sandbox + "/f"] {
                let found = try #require(status(seen))
                #expect(found.st_mode & 0o7777 == 0o751)
                #expect(found.st_atim.tv_sec == 1_000_000_000 && found.st_atim.tv_nsec == 123_456_789)
                #expect(found.st_mtim.tv_sec == -5 && found.st_mtim.tv_nsec == 5)
            }
            // `now` is the disk's now.
            #expect(errno { unsafe utimensat(pinfold_AT_FDCWD, path, nil, 0) } == nil)
            #expect((status(path)?.st_mtim.tv_sec ?? 0) > 1_700_000_000)
            #expect(status(path)?.st_ctim.tv_sec == status(gateway.sandbox + "/f")?.st_ctim.tv_sec)
            #expect(status(path)?.st_ino == status(gateway.sandbox + "/f")?.st_ino)
            #expect(errno { unsafe truncate(path, 10_000) } == nil)
            #expect(status(gateway.sandbox + "/f")?.st_size == 10_000)
        }
    }

    @Test(.timeLimit(.minutes(10)), arguments: [[], ["passthrough"]])
    func `S-16: what chattr has made immutable is not changed, and what it has made append-only only grows`(_ without: [String])
        async throws
    {
        let script = """
            import errno, mmap, os
            def attempt(call):
                try: return call()
                except OSError as error: return errno.errorcode[error.errno]
            for flags in (os.O_WRONLY, os.O_RDWR, os.O_WRONLY | os.O_APPEND, os.O_WRONLY | os.O_TRUNC):
                assert attempt(lambda: os.open("fixed", flags)) == "EPERM", flags
            for call in (lambda: os.truncate("fixed", 0), lambda: os.chmod("fixed", 0o600), lambda: os.unlink("fixed")):
                assert attempt(call) == "EPERM"
            for flags in (os.O_WRONLY, os.O_RDWR, os.O_WRONLY | os.O_APPEND | os.O_TRUNC):
                assert attempt(lambda: os.open("log", flags)) == "EPERM", flags
            assert attempt(lambda: os.truncate("log", 0)) == "EPERM"
            log = os.open("log", os.O_RDWR | os.O_APPEND)
            os.write(log, b"two\\n"); os.pwrite(log, b"three\\n", 0)
            try:
                mapped = mmap.mmap(log, 4, mmap.MAP_SHARED)
                mapped[:4] = b"evil"; mapped.flush(); mapped.close()
            except OSError: pass
            os.close(log)
            print(open("fixed").read() + open("log").read(), end="")
            """
        try await withGateway(.init(without: without)) { gateway async throws in
            try shell(
                "echo fixed > fixed; echo one > log; chown 61234:61234 fixed log; chattr +i fixed; chattr +a log",
                workingDirectory: gateway.sandbox
            ).requireSuccess()
            let seen = try run(
                "/usr/bin/python3", ["-I", "-c", script], workingDirectory: gateway.viewSandbox, user: (61234, 61234))
            let disk = try shell("cat fixed log", workingDirectory: gateway.sandbox).requireSuccess()
            #expect(disk == "fixed\none\ntwo\nthree\n" && seen.output == disk, "\(seen): \(disk)")
        }
    }

    @Test(.timeLimit(.minutes(10))) func `S-17: extended attributes can be set, listed and removed`() async throws {
        try await withGateway { gateway async throws in
            let path = gateway.viewSandbox + "/f"
            try writeFile(path, "x")
            #expect(FileCalls.setAttribute(path, "user.a", Array("1".utf8), 1) == nil)
            #expect(FileCalls.setAttribute(path, "user.a", Array("1".utf8), 1) == .fileExists)
            #expect(FileCalls.setAttribute(path, "user.b", Array("1".utf8), 2) == .noData)
            #expect(FileCalls.attribute(gateway.sandbox + "/f", "user.a") == Array("1".utf8))
            #expect(errno { unsafe removexattr(path, "user.a") } == nil)
            #expect(FileCalls.attribute(path, "user.a") == nil)
            let refused = try gateway.asAgent("touch data/sandbox/own; setfattr -n trusted.x -v 1 data/sandbox/own")
            #expect(!refused.status.isSuccess)
        }
    }

    @Test(.timeLimit(.minutes(10))) func `S-18: names may be 255 bytes of anything but NUL and slash`() async throws {
        try await withGateway { gateway async throws in
            let longest = String(repeating: "n", count: 255)
            try writeFile(gateway.viewSandbox + "/" + longest, "x")
            #expect(exists(gateway.sandbox + "/" + longest))
            #expect(FileCalls.open(gateway.viewSandbox + "/n" + longest, O_WRONLY | O_CREAT) == .fileNameTooLong)
            try shell("touch -- $'new\\nline' $'\\xff\\xfe' ' ' '-rf' '...'", workingDirectory: gateway.viewSandbox)
                .requireSuccess()
            let below = try shell("ls -A | od -c", workingDirectory: gateway.sandbox).requireSuccess()
            #expect(try shell("ls -A | od -c", workingDirectory: gateway.viewSandbox).requireSuccess() == below)
            try shell(
                "mkdir -p \(Array(repeating: "deep", count: 200).joined(separator: "/"))", workingDirectory: gateway.viewSandbox
            )
            .requireSuccess()
        }
    }

    @Test(.timeLimit(.minutes(10))) func `S-19: a directory of 10,000 entries is made, listed and removed`() async throws {
        try await withGateway { gateway async throws in
            try shell("mkdir many; cd many; seq 10000 | xargs touch", workingDirectory: gateway.viewSandbox, seconds: 150)
                .requireSuccess()
            let names = try run("ls", ["-U", gateway.viewSandbox + "/many"]).requireSuccess().split(separator: "\n")
            #expect(names.count == 10_000 && Set(names).count == 10_000)
            try run("rm", ["-r", gateway.viewSandbox + "/many"], seconds: 150).requireSuccess()
            #expect(!exists(gateway.sandbox + "/many"))
        }
    }
}
