import CLinux
import LinuxSystem
import SystemPackage
import TestSupport
import Testing

/// Files that change without a report. Docs/Semantics.md, S-60 to S-64.
@Suite(.serialized, .timeLimit(.minutes(10))) struct LiveTests {
    private func withLive(_ options: MountedGateway.Options = .init(), _ body: (MountedGateway) async throws -> Void) async throws {
        try await withTemporaryDirectory { directory in
            try MountedGateway.makeDirectories(in: directory)
            try makeDirectories(directory + "/source/data/live/below")
            try makeDirectories(directory + "/source/data/other")
            var options = options
            options.more += ["--live", directory + "/source/data/live"]
            try await withGateway(in: directory, options, body)
        }
    }

    /// A writer whose changes no event tells of: through a shared map, with Linux AIO. He says a line when each is done.
    static let writer = """
        import ctypes, mmap, os, struct, sys
        libc = ctypes.CDLL(None, use_errno=True)
        class Aio:
            def __init__(self):
                self.context = ctypes.c_ulong()
                assert libc.syscall(206, 8, ctypes.byref(self.context)) == 0
            def write(self, fd, data, offset):
                room = ctypes.create_string_buffer(data, len(data))
                block = ctypes.create_string_buffer(struct.pack("<QIiHhIQQqQII", 0, 0, 0, 1, 0, fd, ctypes.addressof(room), len(data), offset, 0, 0, 0))
                pointer = ctypes.c_void_p(ctypes.addressof(block))
                assert libc.syscall(209, self.context, 1, ctypes.byref(pointer)) == 1
                events = ctypes.create_string_buffer(32)
                assert libc.syscall(208, self.context, 1, 1, events, None) == 1
        """

    @Test(arguments: [[], ["passthrough"]])
    func `S-60: what is written through a map or with AIO is read at once, the size too`(without: [String]) async throws {
        let script =
            Self.writer + """

                disk, seen, maps = sys.argv[1], sys.argv[2], sys.argv[3] == "maps"
                with open(disk + "/f", "wb") as file: file.write(b"-" * 8192)
                fd = os.open(disk + "/f", os.O_RDWR); shared = mmap.mmap(fd, 8192); aio = Aio()
                reader = os.open(seen + "/f", os.O_RDONLY)
                mapped = mmap.mmap(reader, 8192, mmap.MAP_SHARED, mmap.PROT_READ) if maps else None
                for number in range(200):
                    text = b"%08d" % number
                    shared[100:108] = text
                    assert os.pread(reader, 8, 100) == text
                    assert not maps or mapped[100:108] == text
                    with open(seen + "/f", "rb") as again: again.seek(100); assert again.read(8) == text
                    aio.write(fd, text, 8192 + 8 * number)
                    assert os.stat(seen + "/f").st_size == os.fstat(reader).st_size == 8200 + 8 * number
                    assert os.lseek(reader, 0, os.SEEK_END) == 8200 + 8 * number
                    assert os.pread(reader, 99, 8192 + 8 * number) == text
                # Removed, and still read by who has it open.
                os.unlink(disk + "/f"); shared[0:3] = b"end"; assert os.pread(reader, 3, 0) == b"end"
                """
        try await withLive(.init(without: without)) { gateway in
            let maps = without.isEmpty ? "maps" : "none"
            for path in ["/data/live", "/data/live/below"] {
                try run("/usr/bin/python3", ["-I", "-c", script, gateway.source + path, gateway.view + path, maps]).requireSuccess()
            }
        }
    }

    @Test
    func
        `S-61: a live directory is a part of the view: nothing changes there, names are kept until they change, hidden ones are not there`()
        async throws
    {
        try await withLive(.init(hide: ["/**/secret"])) { gateway in
            let (disk, seen) = (gateway.source + "/data/live", gateway.view + "/data/live")
            try writeFile(disk + "/f", "x")
            try writeFile(disk + "/secret", "x")
            try await eventually("the name") { exists(seen + "/f") }
            #expect(errno { unsafe pinfold_open(seen + "/f", O_RDWR, 0) } == .readOnlyFileSystem)
            #expect(errno { unsafe pinfold_open(seen + "/new", O_RDWR | O_CREAT, 0o644) } == .readOnlyFileSystem)
            #expect(errno { unsafe unlink(seen + "/f") } == .readOnlyFileSystem)
            #expect(errno { unsafe truncate(seen + "/f", 0) } == .readOnlyFileSystem)
            #expect(try names(seen) == ["below", "f"])
            #expect(!exists(seen + "/secret"))
            let asked = try await gateway.requests("live") { () throws in
                for _ in 0..<50 {
                    #expect(try names(seen) == ["below", "f"])
                    #expect(!exists(seen + "/absent"))
                    #expect(exists(seen + "/below"))
                }
            }
            #expect((asked["LOOKUP"] ?? 0) < 5 && (asked["READDIRPLUS"] ?? 0) + (asked["READDIR"] ?? 0) < 5, "\(asked)")
            unsafe unlink(disk + "/f")
            try await eventually("the removal") { try names(seen) == ["below"] && !exists(seen + "/f") }
        }
    }

    @Test func `S-62: elsewhere, what somebody writes whom the first reader found at it is seen after a moment`() async throws {
        let script =
            Self.writer + """

                import time
                disk, seen = sys.argv[1], sys.argv[2]
                with open(disk + "/f", "wb") as file: file.write(b"-" * 8192)
                end = time.monotonic() + 60
                while not os.path.exists(seen + "/f"): assert time.monotonic() < end
                fd = os.open(disk + "/f", os.O_RDWR); shared = mmap.mmap(fd, 8192); aio = Aio()
                reader = os.open(seen + "/f", os.O_RDONLY)
                for number in range(8):
                    text = b"%08d" % number
                    shared[100:108] = text
                    while os.pread(reader, 8, 100) != text: assert time.monotonic() < end
                    aio.write(fd, text, 8192 + 8 * number)
                    while os.fstat(reader).st_size != 8200 + 8 * number: assert time.monotonic() < end
                    assert os.pread(reader, 8, 8192 + 8 * number) == text
                """
        try await withLive { gateway in
            let path = "/data/other"
            try run("/usr/bin/python3", ["-I", "-c", script, gateway.source + path, gateway.view + path], seconds: 90)
                .requireSuccess()
        }
    }

    /// The device is set up to go with its last user, so that none is left behind by a test that is ended.
    @Test(arguments: [("/data/live", "off"), ("/data/live", "on"), ("/data/other", "off"), ("/data/other", "on")])
    func `S-60, S-62: what a loop device writes into its file is read at once, and elsewhere after a moment`(
        path: String, direct: String
    ) async throws {
        let script = """
            import fcntl, mmap, os, struct, subprocess, sys, time
            disk, seen, live, direct = sys.argv[1], sys.argv[2], sys.argv[3] == "/data/live", sys.argv[4]
            end = time.monotonic() + 60
            def soon(holds, at_once=False):
                while not holds(): assert not at_once and time.monotonic() < end
            def attach(name):
                device = subprocess.run(["losetup", "--find", "--show", "--direct-io=" + direct, name], check=True, capture_output=True, text=True)
                device = device.stdout.strip(); fd = os.open(device, os.O_RDWR | os.O_DIRECT)
                subprocess.run(["losetup", "--detach", device], check=True)
                return fd
            for name in "/one", "/two":
                with open(disk + name, "wb") as file: file.write(b"-" * (1 << 20))
                soon(lambda: os.path.exists(seen + name))
            block = mmap.mmap(-1, 4096)
            fd = attach(disk + "/one"); reader = os.open(seen + "/one", os.O_RDONLY)
            mapped = mmap.mmap(reader, 1 << 20, mmap.MAP_SHARED, mmap.PROT_READ)
            for number in range(200 if live else 10):
                text, at = b"%08d" % number, 4096 * (number % 16)
                block[:8] = text; os.pwritev(fd, [block], at)
                soon(lambda: os.pread(reader, 8, at) == text and mapped[at:at + 8] == text, at_once=live)
                with open(seen + "/one", "rb") as again: again.seek(at); assert again.read(8) == text
            fcntl.ioctl(fd, 0x1277, struct.pack("QQ", 0, 65536))  # BLKDISCARD
            soon(lambda: os.pread(reader, 8, 0) == bytes(8) and mapped[:8] == bytes(8), at_once=live)
            # Set up after it was read: known elsewhere when the device lets go of it.
            with open(seen + "/two", "rb") as first: assert first.read(8) == b"--------"
            reader = os.open(seen + "/two", os.O_RDONLY); other = attach(disk + "/two")
            block[:8] = b"the last"; os.pwritev(other, [block], 0)
            if live: assert os.pread(reader, 8, 0) == b"the last"
            os.close(other)
            soon(lambda: os.pread(reader, 8, 0) == b"the last")
            """
        try await withLive { gateway in
            let words = ["-I", "-c", script, gateway.source + path, gateway.view + path, path, direct]
            try run("/usr/bin/python3", words, seconds: 90).requireSuccess()
        }
    }

    @Test(arguments: ["/data/live", "/data/other"], ["wal", "delete"])
    func `S-63: a database that somebody writes is read as it is, or not at all`(path: String, journal: String) async throws {
        let script = """
            import collections, os, sqlite3, sys, time
            disk, seen, journal = sys.argv[1] + "/d.sqlite", sys.argv[2] + "/d.sqlite", sys.argv[3]
            server = sqlite3.connect(disk, isolation_level=None)
            server.execute("pragma journal_mode=" + journal); server.execute("pragma wal_autocheckpoint=20")
            server.execute("pragma synchronous=off")
            server.execute("create table account (id integer primary key, money integer, filler text)")
            with server:
                server.execute("begin")
                for i in range(300): server.execute("insert into account values (?, 100, ?)", (i, "x" * 500))
            server.close()
            def read(how="mode=ro"):
                try:
                    database = sqlite3.connect("file:%s?%s" % (seen, how), uri=True, timeout=0)
                    try: return database.execute("select sum(money) from account").fetchone()[0]
                    finally: database.close()
                except sqlite3.OperationalError as error: return str(error)
            begin, started = os.pipe()
            child = os.fork()
            if child == 0:
                import random
                server = sqlite3.connect(disk, isolation_level=None, timeout=60); server.execute("pragma wal_autocheckpoint=20")
                server.execute("pragma synchronous=off")
                commits = 0
                while os.getppid() != 1 and not os.path.exists(disk + ".end"):
                    server.execute("begin immediate")
                    a, b = random.sample(range(300), 2)
                    server.execute("update account set money = money - 1 where id = ?", (a,))
                    server.execute("update account set money = money + 1 where id = ?", (b,))
                    # An agent that reads keeps no commit waiting.
                    before = time.monotonic(); server.execute("commit"); commits += 1
                    if commits == 10: os.write(started, b"x")
                    time.sleep(0.005)
                os.write(started, b"%d" % commits); server.close(); os._exit(0)
            os.read(begin, 1)
            answers = collections.Counter(read() for _ in range(1000))
            open(disk + ".end", "w").close(); os.waitpid(child, 0)
            assert int(os.read(begin, 99)) > 10
            assert set(answers) <= {30000, "database is locked"}, answers
            # Nobody has it open any more. SQLite itself opens one with a log on no read-only disk where the log is not there.
            assert read("immutable=1" if journal == "wal" else "mode=ro") == 30000
            """
        try await withLive { gateway in
            try run(
                "/usr/bin/python3", ["-I", "-c", script, gateway.source + path, gateway.view + path, journal], seconds: 120
            ).requireSuccess()
        }
    }

    @Test func `S-64: who locks a file all the time is held back, and the server opens it`() async throws {
        let script = """
            import collections, errno, fcntl, os, sys, threading, time
            disk, seen = sys.argv[1] + "/f", sys.argv[2] + "/f"
            with open(disk, "w") as file: file.write("x" * 100)
            limit = time.monotonic() + 20
            while not os.path.exists(seen): assert time.monotonic() < limit
            locks = collections.Counter(); began = time.monotonic(); end = began + 1
            def work():
                file = os.open(seen, os.O_RDONLY)
                while time.monotonic() < end:
                    try: fcntl.lockf(file, fcntl.LOCK_SH | fcntl.LOCK_NB); locks["had"] += 1
                    except OSError as error: assert error.errno == errno.EAGAIN; locks["none"] += 1
            threads = [threading.Thread(target=work) for _ in range(8)]
            for thread in threads: thread.start()
            opens = collections.Counter()
            while time.monotonic() < end:
                try: os.close(os.open(disk, os.O_WRONLY | os.O_NONBLOCK)); opens["had"] += 1
                except BlockingIOError: opens["none"] += 1
                time.sleep(0.001)
            for thread in threads: thread.join()
            # A thread that has to wait for the processor with a lock in its hand keeps the server from the file so long.
            assert 10 < locks["had"] < 2100 * (time.monotonic() - began), locks
            assert opens["had"] > 3 * opens["none"], opens
            """
        try await withLive { gateway in
            try run("/usr/bin/python3", ["-I", "-c", script, gateway.source + "/data/other", gateway.view + "/data/other"])
                .requireSuccess()
        }
    }

    @Test func `S-64: a lock of the agent's keeps the server from nothing`() async throws {
        let script = """
            import errno, fcntl, os, sys
            disk, seen = sys.argv[1] + "/f", sys.argv[2] + "/f"
            with open(disk, "w") as file: file.write("x" * 100)
            end = __import__("time").monotonic() + 20
            while not os.path.exists(seen): assert __import__("time").monotonic() < end
            agent = os.open(seen, os.O_RDONLY)
            fcntl.lockf(agent, fcntl.LOCK_SH | fcntl.LOCK_NB)
            server = os.open(disk, os.O_RDWR)
            fcntl.lockf(server, fcntl.LOCK_EX | fcntl.LOCK_NB, 10, 5)
            # From another process: a process does not stand in its own way.
            child = os.fork()
            if child == 0:
                for how in fcntl.LOCK_NB, 0:
                    try: fcntl.lockf(agent, fcntl.LOCK_SH | how); os._exit(1)
                    except OSError as error:
                        if error.errno != errno.EAGAIN: os._exit(2)
                import struct
                asked = struct.pack("hhqqi4x", fcntl.F_WRLCK, 0, 0, 0, 0)
                kind, _, start, length, pid = struct.unpack("hhqqi4x", fcntl.fcntl(agent, fcntl.F_GETLK, asked))
                os._exit(0 if (kind, start, length) == (fcntl.F_WRLCK, 5, 10) else 3)
            assert os.waitpid(child, 0)[1] == 0
            os.close(server)
            fcntl.lockf(agent, fcntl.LOCK_SH | fcntl.LOCK_NB)
            """
        try await withLive { gateway in
            for path in ["/data/live", "/data/other"] {
                try run("/usr/bin/python3", ["-I", "-c", script, gateway.source + path, gateway.view + path]).requireSuccess()
            }
        }
    }
}
