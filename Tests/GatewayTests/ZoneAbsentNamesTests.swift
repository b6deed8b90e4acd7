import CLinux
import SystemPackage
import TestSupport
import Testing

/// A name that the kernel holds for absent in a zone, and that somebody has made on the disk since. Docs/Semantics.md, S-10 and S-33.
@Suite(.serialized, .timeLimit(.minutes(10))) struct ZoneAbsentNamesTests {
    /// What `open` of names in a zone comes to that were looked for, and then made on the disk below: as the agent.
    private static let script = """
        import errno, os, sys
        disk, seen = sys.argv[1], sys.argv[2]
        def absent(name):
            try: os.stat(seen + "/" + name)
            except FileNotFoundError: return
            raise Exception(name + " is there")
        def opens(name, flags):
            reader, writer = os.pipe()
            child = os.fork()
            if child == 0:
                os.setgroups([]); os.setresgid(61234, 61234, 61234); os.setresuid(61234, 61234, 61234)
                try:
                    fd = os.open(seen + "/" + name, flags, 0o644)
                    answer = "%d %r" % (os.fstat(fd).st_size, os.pread(fd, 99, 0) if flags & os.O_RDWR else b"")
                except OSError as error: answer = errno.errorcode[error.errno]
                os.write(writer, answer.encode()); os._exit(0)
            os.waitpid(child, 0); os.close(writer)
            with open(reader) as said: return said.read()
        def make(name, mode=0o666, owner=61234):
            with open(disk + "/" + name, "w") as file: file.write("x" * 45)
            os.chown(disk + "/" + name, owner, owner); os.chmod(disk + "/" + name, mode)
        new, again = os.O_CREAT | os.O_RDWR, os.O_CREAT | os.O_RDWR | os.O_TRUNC
        for number in range(int(sys.argv[3])):
            n = str(number)
            for kind in "truncated", "kept", "exclusive", "foreign", "unreadable", "directory", "link", "appended": absent(kind + n)
            make("truncated" + n); assert opens("truncated" + n, again) == "0 b''"
            assert os.stat(disk + "/truncated" + n).st_size == os.stat(seen + "/truncated" + n).st_size == 0
            make("kept" + n); answer = opens("kept" + n, new); assert answer == "45 b'" + "x" * 45 + "'", answer
            make("exclusive" + n); assert opens("exclusive" + n, again | os.O_EXCL) == "EEXIST"
            make("foreign" + n, 0o644, 0); assert opens("foreign" + n, again) == "EACCES"
            assert opens("foreign" + n, os.O_CREAT | os.O_WRONLY) == "EACCES" and os.stat(disk + "/foreign" + n).st_size == 45
            make("unreadable" + n, 0o200, 0); assert opens("unreadable" + n, os.O_CREAT | os.O_RDONLY) == "EACCES"
            os.mkdir(disk + "/directory" + n); assert opens("directory" + n, again) == "EISDIR"
            os.symlink("kept" + n, disk + "/link" + n); assert opens("link" + n, again) == "0 b''"
            assert os.path.islink(seen + "/link" + n) and os.stat(disk + "/kept" + n).st_size == 0
            make("appended" + n); assert opens("appended" + n, new | os.O_APPEND).startswith("45 ")
        """

    @Test(arguments: [[], ["long-lifetimes"]])
    func `an open that may make the file opens what is there, with all that an open of it takes`(without: [String]) async throws {
        try await withGateway(.init(without: without)) { gateway in
            let result = try run("/usr/bin/python3", ["-I", "-c", Self.script, gateway.sandbox, gateway.viewSandbox, "20"])
            try result.requireSuccess()
        }
    }

    @Test func `who truncates at opening finds nothing, whoever makes the file and removes it meanwhile`() async throws {
        let script = """
            import collections, errno, os, sys
            disk, seen = sys.argv[1], sys.argv[2]
            child = os.fork()
            if child == 0:
                while True:
                    with open(disk + "/made", "w") as file: file.write("x" * 45)
                    os.rename(disk + "/made", disk + "/name")
                    try: os.unlink(disk + "/name")
                    except FileNotFoundError: pass
            answers = collections.Counter()
            try:
                for _ in range(2000):
                    try: fd = os.open(seen + "/name", os.O_CREAT | os.O_TRUNC | os.O_RDWR)
                    except OSError as error:
                        assert error.errno == errno.ESTALE, error
                        answers["stale"] += 1
                        continue
                    assert os.fstat(fd).st_size == 0 and os.pread(fd, 99, 0) == b""
                    answers["empty"] += 1
                    os.close(fd)
            finally: os.kill(child, 9); os.waitpid(child, 0)
            assert answers["empty"] > 1000, answers
            """
        try await withGateway { gateway in
            let result = try run("/usr/bin/python3", ["-I", "-c", script, gateway.sandbox, gateway.viewSandbox])
            try result.requireSuccess()
        }
    }

    @Test func `a directory that was removed on the disk is empty for who has it open`() async throws {
        let script = """
            import os, shutil, sys, time
            disk, seen = sys.argv[1], sys.argv[2]
            for held in seen, seen + "/data/sandbox":
                below = disk + held[len(seen):]
                os.makedirs(below + "/d/e"); end = time.monotonic() + 20
                while not os.path.isdir(held + "/d"): assert time.monotonic() < end
                fd = os.open(held + "/d", os.O_RDONLY | os.O_DIRECTORY)
                assert os.listdir(fd) == ["e"]
                shutil.rmtree(below + "/d")
                while os.listdir(fd) != []: assert time.monotonic() < end
            """
        try await withGateway { gateway in
            let result = try run("/usr/bin/python3", ["-I", "-c", script, gateway.source, gateway.view])
            try result.requireSuccess()
        }
    }
}
