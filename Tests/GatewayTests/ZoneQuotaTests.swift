import CLinux
import LinuxSystem
import SystemPackage
import TestSupport
import Testing

/// What a zone with a quota refuses, and what goes on in a full one. Docs/Semantics.md, S-42 to S-46.
@Suite(.serialized, .timeLimit(.minutes(10)))
struct ZoneQuotaTests {
    private static let megabyte = 1 << 20

    @Test func `S-42: df shows the quota and what is left of it`() async throws {
        try await withQuota("8388608,100") { gateway async throws in
            let empty = try gateway.shown()
            #expect(empty.bytes == 8 * Self.megabyte)
            #expect(empty.inodes == 100)
            #expect(empty.usedInodes == 1)
            #expect(empty.usedBytes == (try gateway.onDisk().bytes))
            try gateway.python("os.mkdir('d'); open('d/f', 'wb').write(b'x' * 2000000); os.symlink('x' * 200, 'l'); os.mkfifo('p')")
            let (used, disk) = (try gateway.shown(), try gateway.onDisk())
            #expect(used.usedInodes == 5)
            #expect(disk.inodes == 5)
            try await gateway.agrees()
            #expect(used.usedBytes >= 2_000_000 && used.usedBytes < 2_200_000)
        }
    }

    @Test func `S-43: writers at once fill a zone, get EDQUOT, and never exceed it by more than 1 MiB each`() async throws {
        try await withQuota("12582912") { gateway async throws in
            let answers = try gateway.python(
                """
                found = []
                threads = [threading.Thread(target=lambda n=n: found.append(fill(f"f{n}", 8192 * (n + 1)))) for n in range(8)]
                [t.start() for t in threads]; [t.join() for t in threads]
                print(*sorted(set(found)))
                """)
            #expect(answers == ["EDQUOT"])
            let disk = try gateway.onDisk()
            #expect(disk.bytes <= 12 * Self.megabyte + Self.megabyte)
            // Nor is much left: what is there can be used.
            #expect(disk.bytes >= 11 * Self.megabyte)
            try await gateway.agrees(within: 65_536)
        }
    }

    @Test func `S-43: files of scattered blocks pay for how they are found too`() async throws {
        try await withQuota("8388608") { gateway async throws in
            // Five extents need a block more than the five, which the disk finds room for when it writes them.
            let answers = try gateway.python(
                """
                def scatter(n):
                    file = os.open(f"s{n}", os.O_WRONLY | os.O_CREAT, 0o644)
                    try:
                        for block in range(5): os.pwrite(file, b"x" * 4096, block * 65536)
                    finally:
                        os.close(file)
                try:
                    for n in range(10000): scatter(n)
                except OSError as error:
                    print(errno.errorcode[error.errno], n > 100)
                """)
            #expect(answers == ["EDQUOT True"])
            #expect(try gateway.onDisk().bytes <= 9 * Self.megabyte)
        }
    }

    @Test func `S-43: whatever would make a full zone grow is EDQUOT`() async throws {
        try await withQuota("4194304") { gateway async throws in
            let answers = try gateway.python(
                """
                open("small", "wb").write(b"s"); os.link("small", "linked")
                file = os.open("map", os.O_RDWR | os.O_CREAT); os.ftruncate(file, 1 << 20)
                copy = os.open("copy", os.O_RDWR | os.O_CREAT)
                print(fill("full"))
                def copying():
                    while os.copy_file_range(os.open("full", os.O_RDONLY), copy, 1 << 20): pass
                attempt(open, "new", "w")
                attempt(os.mkdir, "directory")
                attempt(os.symlink, "text", "symlink")
                attempt(os.mkfifo, "fifo")
                attempt(os.link, "small", "n" * 255)
                attempt(os.open, ".", os.O_TMPFILE | os.O_RDWR)
                attempt(os.setxattr, "small", "user.large", b"v" * 3000)
                attempt(os.posix_fallocate, file, 0, 1 << 20)
                attempt(copying)
                attempt(os.pwrite, file, b"x" * 4096, 524288)
                shared = mmap.mmap(file, 1 << 20); shared[0:1 << 20] = b"m" * (1 << 20)
                attempt(shared.flush)
                """)
            #expect(answers == Array(repeating: "EDQUOT", count: 12))
            #expect(try gateway.onDisk().bytes <= 5 * Self.megabyte)
        }
    }

    @Test func `S-44: a full zone can be read, rewritten, tidied and renamed in`() async throws {
        try await withQuota("4194304") { gateway async throws in
            let answers = try gateway.python(
                """
                base = os.open("base", os.O_RDWR | os.O_CREAT); os.write(base, b"a" * (1 << 20)); os.fsync(base)
                aside = os.open("aside", os.O_RDWR | os.O_CREAT); os.posix_fallocate(aside, 0, 1 << 20)
                open("old", "w").write("old"); open("new", "w").write("new"); os.mkdir("d")
                print(fill("full"))
                attempt(os.pwrite, base, b"b" * 500000, 1000)
                attempt(os.fsync, base)
                for block in range(256): os.pwrite(aside, b"c" * 4096, block * 4096)
                attempt(os.fsync, aside)
                shared = mmap.mmap(base, 1 << 20); shared[4096:8192] = b"m" * 4096
                attempt(shared.flush)
                attempt(os.rename, "new", "old")
                attempt(os.rename, "old", "d/moved")
                attempt(os.chmod, "d/moved", 0o600)
                print(open("d/moved").read())
                attempt(os.truncate, "full", 1000)
                attempt(os.unlink, "full")
                attempt(open, "again", "w")
                """)
            #expect(answers == ["EDQUOT", "done", "done", "done", "done", "done", "done", "done", "new", "done", "done", "done"])
            #expect(try gateway.onDisk().bytes <= 5 * Self.megabyte)
            try await gateway.agrees()
        }
    }

    @Test func `S-45: what is deleted is free at once, an open file when it is closed`() async throws {
        try await withQuota("8388608,50") { gateway async throws in
            let before = try gateway.shown()
            let answers = try gateway.python(
                """
                def used(): s = os.statvfs("."); return (s.f_blocks - s.f_bavail) * s.f_frsize
                def large(name): open(name, "wb").write(b"x" * 3000000)
                # The kernel waits for no answer when a file is closed: what follows may overtake it.
                def settles(check):
                    for wait in range(3000):
                        if check(): return True
                        time.sleep(0.01)
                start = used()
                large("a"); os.unlink("a"); print(settles(lambda: used() == start))
                large("a"); large("b"); os.rename("a", "b"); print(settles(lambda: used() - start < 3100000))
                os.truncate("b", 0); print(settles(lambda: used() == start))
                file = os.open("o", os.O_RDWR | os.O_CREAT); os.write(file, b"x" * 3000000); os.unlink("o")
                print(used() - start > 2900000); os.write(file, b"y" * 3000000); print(used() - start > 5900000)
                os.close(file)
                print(settles(lambda: used() == start))
                unnamed = os.open(".", os.O_TMPFILE | os.O_RDWR); os.write(unnamed, b"x" * 3000000); print(used() - start > 2900000)
                place = os.open("b", os.O_PATH); os.unlink("b"); os.mkdir("d"); os.rmdir("d")
                """)
            #expect(answers == Array(repeating: "True", count: 7))
            try await eventually("all of it is free") { try gateway.shown() == before }
            try await gateway.agrees()
        }
    }

    @Test func `S-45: a deleted file takes no room of the disk while somebody holds its place only`() async throws {
        try await withQuota("8388608") { gateway async throws in
            let path = gateway.viewSandbox + "/f"
            var places: [SharedDescriptor] = []
            for _ in 0..<5 {
                try gateway.python("open('f', 'wb').write(b'x' * 6000000)")
                let place = SharedDescriptor(try FileCalls.opened(path, pinfold_O_PATH))
                #expect(try place.descriptor.status().size == 6_000_000)
                #expect(errno { unsafe unlink(path) } == nil)
                // Asked for the file, the daemon must not find it again.
                _ = try? place.descriptor.status()
                places.append(place)
            }
            #expect(places.count == 5)
            // The kernel tells of the last close a moment later.
            try await eventually("the daemon holds no deleted file") {
                // What has no name because it is memory is not meant.
                let files = try "find /proc/\(gateway.server)/fd -lname '*deleted*' -not -lname '/memfd:*' | wc -l"
                return try run("bash", ["-c", files]).requireSuccess() == "0\n"
            }
        }
    }

    @Test func `S-42: a file with several names counts once, and its names count as directories grow`() async throws {
        try await withQuota("1048576") { gateway async throws in
            let answers = try gateway.python(
                """
                open("f", "wb").write(b"x" * 200000)
                for n in range(100): os.link("f", f"name{n}")
                s = os.statvfs("."); print((s.f_blocks - s.f_bavail) * s.f_frsize < 300000)
                try:
                    for n in range(100000): os.link("f", str(n).ljust(255, "n"))
                except OSError as error:
                    print(errno.errorcode[error.errno])
                for name in os.listdir("."): os.unlink(name)
                """)
            #expect(answers == ["True", "EDQUOT"])
            #expect(try gateway.onDisk().bytes <= 2 * Self.megabyte)
            try await gateway.agrees()
        }
    }

    @Test func `S-43: directories that renames make grow are bounded too`() async throws {
        try await withQuota("2097152") { gateway async throws in
            let answers = try gateway.python(
                """
                for n in range(1200): open(str(n).ljust(255, "n"), "w").close()
                for d in range(40): os.mkdir(f"d{d}")
                fill("full", 4096); last = "done"
                for d in range(40):
                    for n in range(1200):
                        name = str(n).ljust(255, "n")
                        old = f"d{d - 1}/{name}" if d else name
                        try: os.rename(old, f"d{d}/{name}")
                        except OSError as error: last = errno.errorcode[error.errno]; break
                    if last != "done": break
                print(last)
                """)
            #expect(answers == ["EDQUOT"])
            #expect(try gateway.onDisk().bytes <= 3 * Self.megabyte)
        }
    }

    @Test func `S-42: a sparse file costs what it holds, and cannot be filled`() async throws {
        try await withQuota("4194304") { gateway async throws in
            let answers = try gateway.python(
                """
                file = os.open("sparse", os.O_RDWR | os.O_CREAT); os.ftruncate(file, 1 << 43)
                s = os.statvfs("."); print((s.f_blocks - s.f_bavail) * s.f_frsize < 65536)
                os.pwrite(file, b"end", (1 << 43) - 3); print(os.stat("sparse").st_size == 1 << 43)
                attempt(os.posix_fallocate, file, 0, 1 << 43)
                try:
                    for n in range(1 << 20): os.pwrite(file, b"x" * 4096, n << 22)
                except OSError as error:
                    print(errno.errorcode[error.errno])
                """)
            #expect(answers == ["True", "True", "EDQUOT", "EDQUOT"])
            #expect(try gateway.onDisk().bytes <= 5 * Self.megabyte)
        }
    }

    @Test func `S-43: a zone holds no more inodes than its quota says`() async throws {
        try await withQuota("8388608,40") { gateway async throws in
            let answers = try gateway.python(
                """
                def count(make):
                    n = 0
                    try:
                        while True: make(f"{make.__name__}{n}"); n += 1
                    except OSError as error:
                        return n, errno.errorcode[error.errno]
                def touch(name): os.close(os.open(name, os.O_CREAT | os.O_WRONLY))
                def listen(name): socket.socket(socket.AF_UNIX).bind(name)
                print(*count(touch))
                [os.unlink(f"touch{n}") for n in range(10)]
                print(*count(os.mkdir)); os.rmdir("mkdir0"); print(*count(os.mkfifo)); os.unlink("mkfifo0")
                print(*count(listen)); os.link("touch20", "second"); os.unlink("touch20"); attempt(os.mkdir, "last")
                os.unlink("second"); attempt(os.mkdir, "last")
                """)
            #expect(
                answers == ["39 EDQUOT", "10 EDQUOT", "1 EDQUOT", "1 EDQUOT", "EDQUOT", "done"], "\(answers)")
            let disk = try gateway.onDisk()
            #expect(disk.inodes == 40)
            #expect(try gateway.shown().usedInodes == 40)
        }
    }

    @Test func `what is written by AIO with O_DIRECT is what is read from then on, whoever has read meanwhile`() async throws {
        let script =
            LiveTests.writer + """

                path, size = sys.argv[1], 655360
                file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_DIRECT)
                os.ftruncate(file, size)
                plain, readers = os.open(path, os.O_RDONLY), []
                for number in range(2):
                    readers.append(os.fork())
                    while not readers[-1]: os.pread(plain, size, 0)
                aio, old = Aio(), 0
                for number in range(400):
                    data = bytes([number % 255 + 1]) * size
                    aio.write(file, data, 0)
                    old += os.pread(plain, size, 0) != data
                for reader in readers: os.kill(reader, 9); os.waitpid(reader, 0)
                print(old)
                """
        try await withQuota("100000000") { gateway in
            let old = try run("/usr/bin/python3", ["-I", "-c", script, gateway.viewSandbox + "/file"], seconds: 120)
            #expect(old.output == "0\n", "\(old)")
        }
    }

    @Test func `opening files again and again costs the daemon no memory`() async throws {
        try await withQuota("8388608") { gateway async throws in
            try gateway.python("open('f', 'w').write('x')")
            let opens = "for _ in range(10000): os.close(os.open('f', os.O_RDONLY))"
            func resident() throws -> Int {
                let words = try readFile("/proc/\(gateway.server)/statm").split(separator: " ")
                return (Int(words[1]) ?? 0) * Int(sysconf(Int32(_SC_PAGESIZE)))
            }
            // What is kept grows each time; another worker, or a larger buffer, is there once.
            var grown: [Int] = []
            repeat {
                let before = try resident()
                try gateway.python(opens)
                grown.append(try resident() - before)
            } while grown.count < 8 && (grown.last ?? 0) >= 2 * Self.megabyte
            #expect((grown.last ?? 0) < 2 * Self.megabyte, "\(grown)")
        }
    }
}
