import CLinux
import Fence
import LinuxSystem
import SystemPackage
import TestSupport
import Testing

/// What ordinary programs ask of the machine that they are on.
@Suite(.timeLimit(.minutes(3)), .serialized)
struct `Ordinary programs` {
    /// Says what is wrong, a line a thing.
    private static let probe = """
        getent hosts "$(hostname)" >/dev/null || echo "the own host name $(hostname) leads nowhere"
        home=$(getent passwd "$(id -u)" | cut -d: -f6)
        [ "$home" = "$HOME" ] || echo "home is $home, HOME is $HOME"
        touch "$home/made" || echo "home $home cannot be written"
        [ "$USER" = "$(id -un)" ] && [ "$LOGNAME" = "$USER" ] || echo "USER is $USER, the name is $(id -un)"
        [ "$(getent passwd 0 | cut -d: -f1)" = root ] || echo 'root has no name'
        """

    /// A queue of messages from its making to its end; the host's are others.
    private static let queues = """
        mq = ctypes.CDLL("librt.so.1", use_errno=True)
        def queue(name, flags):
            q = mq.mq_open(name, flags, 0o600, None)
            if q < 0: raise OSError(ctypes.get_errno(), "mq_open")
            return q
        def use():
            q = queue(b"/mine", os.O_RDWR | os.O_CREAT | os.O_EXCL)
            if mq.mq_send(q, b"word", 4, 0): raise OSError(ctypes.get_errno(), "mq_send")
            room = ctypes.create_string_buffer(8192)
            if mq.mq_receive(q, room, 8192, None) != 4 or room.raw[:4] != b"word": raise OSError(errno.EIO, "mq_receive")
            if mq.mq_unlink(b"/mine"): raise OSError(ctypes.get_errno(), "mq_unlink")
        attempt("used", use)
        attempt("host", lambda: queue(b"/pinfold-test-\(getpid())", os.O_RDWR))

        """

    private static let processors = """
        attempt("counted", lambda: None if open("/sys/devices/system/cpu/online").read().strip() else os.stat("/none"))
        attempt("changed", lambda: open("/sys/devices/system/cpu/cpu0/online", "w"))
        attempt("made", lambda: os.mkdir("/sys/made"))
        attempt("devices", lambda: os.stat("/sys/class"))

        """

    @Test(arguments: [false, true]) func `find their name, home and user behind the agent's fence`(whole: Bool) throws {
        try withGateway(whole: whole) { gateway in
            let finished = try gateway.inside(["sh", "-c", Self.probe])
            #expect(finished.output.isEmpty && finished.errors.isEmpty, "\(finished)")
            #expect(exists(gateway.data + "/sandbox/made"))
            // Whoever gives another home gets it everywhere.
            let other = try gateway.inside(["sh", "-c", Self.probe], options: ["--env", "HOME=/tmp"])
            #expect(other.output.isEmpty && other.errors.isEmpty, "\(other)")
        }
    }

    @Test func `find their name, home and user behind a tool's fence`() throws {
        try withTemporaryDirectory { directory in
            let finished = try confined(["sh", "-c", Self.probe], in: try toolFence(directory))
            #expect(finished.output.isEmpty && finished.errors.isEmpty, "\(finished)")
            // A user that the host knows, by another home: all else of the list is as it is.
            let known = FenceUser(uid: 2, gid: 2)
            let listed = try confined(["cat", "/etc/passwd"], in: try toolFence(directory + "/known", user: known)).requireSuccess()
            let host = try readFile("/etc/passwd").split(separator: "\n").map { line -> String in
                var fields = line.split(separator: ":", omittingEmptySubsequences: false)
                if fields.count == 7, fields[2] == "2" { fields[5] = "/tmp" }
                return fields.joined(separator: ":")
            }
            #expect(listed.split(separator: "\n").map(String.init) == host)
            let name = try confined(["sh", "-c", "echo $USER; id -un"], in: try toolFence(directory + "/known", user: known))
            #expect(name.output == "bin\nbin\n", "\(name)")
        }
    }

    @Test func `use message queues of their own`() throws {
        // A queue of the host's that everybody may open.
        let queue = "/pinfold-test-\(getpid())"
        let made =
            "import ctypes, os, sys; l = ctypes.CDLL('librt.so.1'); os.umask(0); sys.exit(l.mq_open(b'\(queue)', os.O_CREAT | os.O_RDWR, 0o666, None) < 0)"
        try run("/usr/bin/python3", ["-I", "-c", made]).requireSuccess()
        defer { _ = try? run("/usr/bin/python3", ["-I", "-c", "import ctypes; ctypes.CDLL('librt.so.1').mq_unlink(b'\(queue)')"]) }
        try withTemporaryDirectory { directory in
            let found = verdicts(try attack(Self.queues, in: try toolFence(directory)))
            #expect(found == ["used": "done", "host": "ENOENT"])
        }
        for whole in [false, true] {
            try withGateway(whole: whole) { gateway in
                let found = verdicts(try gateway.attack(Self.queues))
                #expect(found == ["used": "done", "host": "ENOENT"])
            }
        }
    }

    @Test(arguments: [false, true]) func `learn of the processors, and of no other device`(whole: Bool) throws {
        try withGateway(whole: whole) { gateway in
            let found = verdicts(try gateway.attack(Self.processors))
            #expect(found["counted"] == "done", "\(found)")
            #expect(found["devices"] == "ENOENT" && found["made"] == "EROFS", "\(found)")
            #expect(["EROFS", "EACCES", "ENOENT"].contains(found["changed"]), "\(found)")
            let tools = try gateway.inside(["sh", "-c", "nproc && lscpu"])
            #expect(tools.status == .exited(0) && tools.output.contains("CPU(s):"), "\(tools)")
        }
    }
}
