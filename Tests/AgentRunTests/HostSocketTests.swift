import CLinux
import Fence
import LinuxSystem
import SystemPackage
import TestSupport
import Testing

/// Whatever listens on the host: by whichever name, bound in whichever way, before the start or after it.
@Suite(.timeLimit(.minutes(10)), .serialized)
struct `The host's sockets` {
    /// Binds in every way that leaves a name which is not what was given to `bind`, or a socket that no list of this namespace's has.
    private static let listener = """
        import ctypes, os, socket, sys, time
        place, late = sys.argv[1], sys.argv[2]
        held = []
        libc = ctypes.CDLL(None, use_errno=True)
        def bind(name, address=None, kind=socket.SOCK_STREAM):
            path = os.path.join(place, name)
            s = socket.socket(socket.AF_UNIX, kind); s.bind(path if address is None else address)
            if kind != socket.SOCK_DGRAM: s.listen(8)
            held.append(s); return path
        def apart(flag, name):
            if os.fork() == 0:
                if libc.unshare(flag): os._exit(1)
                bind(name); open(os.path.join(place, name + ".made"), "w").close(); time.sleep(600)
            while not os.path.exists(os.path.join(place, name + ".made")): time.sleep(0.01)
        def all():
            bind("plain"); bind("datagram", kind=socket.SOCK_DGRAM); bind("packets", kind=socket.SOCK_SEQPACKET)
            os.chdir(place); bind("relative", "relative")
            directory = os.open(place, os.O_PATH); bind("descriptor", "/proc/self/fd/%d/descriptor" % directory)
            bind("new\\nline")
            os.rename(bind("before"), os.path.join(place, "renamed"))
            os.link(bind("first"), os.path.join(place, "linked")); os.rename(os.path.join(place, "first"), os.path.join(place, "other"))
            apart(0x40000000, "network"); apart(0x20000, "mounts")
            for name in os.listdir(place): os.chmod(os.path.join(place, name), 0o777)
        all()
        s = socket.socket(socket.AF_UNIX); s.bind("\\0" + place); s.listen(8); held.append(s)
        s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM); s.bind("\\0" + place + "/datagram"); held.append(s)
        open(place + ".ready", "w").close()
        while not os.path.exists(late): time.sleep(0.01)
        place += "/late"; os.mkdir(place); all()
        open(place + ".ready", "w").close(); time.sleep(600)
        """

    private static let names = [
        "plain", "packets", "relative", "descriptor", "new\nline", "renamed", "linked", "other", "network", "mounts",
    ]

    /// Tries all that are in `place`, as a stream and as a datagram.
    private static let attempts = """
        names = \(names.map { "\($0)" })
        def stream(path, kind=socket.SOCK_STREAM):
            s = socket.socket(socket.AF_UNIX, kind); s.settimeout(5); s.connect(path)
        def try_all(label, place):
            for name in names:
                kind = socket.SOCK_SEQPACKET if name == "packets" else socket.SOCK_STREAM
                attempt(label + name.replace("\\n", "_"), lambda: stream(place + "/" + name, kind))
            os.chdir(place)
            attempt(label + "by-relative", lambda: stream("plain"))
            d = os.open(place, os.O_PATH)
            attempt(label + "by-descriptor", lambda: stream("/proc/self/fd/%d/plain" % d))
            attempt(label + "datagram", lambda: socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM).sendto(b"x", place + "/datagram"))
            attempt(label + "datagram-connected", lambda: stream(place + "/datagram", socket.SOCK_DGRAM))
            a, b = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
            attempt(label + "datagram-of-a-pair", lambda: a.sendmsg([b"x"], [], 0, place + "/datagram"))

        """

    @Test(arguments: [false, true])
    func `answer nobody behind the fence, however they were bound and whenever`(whole: Bool) throws {
        try withGateway(whole: whole) { gateway in
            let place = gateway.directory + "/sockets"
            try makeDirectories(place)
            try run("chmod", ["755", gateway.directory, place]).requireSuccess()
            let late = gateway.data + "/sandbox/late"
            let host = try ChildProcess(
                .init("/usr/bin/python3", ["-I", "-c", Self.listener, place, late], descriptors: [2: 2], newSession: true))
            defer { kill(-host.pid, SIGKILL) }
            try eventually("the sockets are there") { exists(place + ".ready") }
            let abstract = """
                attempt("abstract", lambda: stream("\\0\(place)"))
                attempt("abstract-datagram", lambda: socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM).sendto(b"x", "\\0\(place)/datagram"))

                """
            let script =
                Self.attempts + "try_all('', '\(place)')\n" + abstract + """
                    open("\(late)", "w").close()
                    while not os.path.exists("\(place)/late.ready"): time.sleep(0.01)
                    try_all("late-", "\(place)/late")
                    """
            let found = verdicts(try gateway.attack(script))
            #expect(found.count == 2 * 15 + 2, "\(found)")
            #expect(!found.values.contains("done"), "\(found.filter { $0.value == "done" }.keys.sorted())")
            // Outside all of them answer the same user, or this would prove nothing.
            let outside = try run(
                "setpriv",
                ["--reuid=\(testUser.uid)", "--regid=\(testUser.gid)", "--clear-groups", "/usr/bin/python3", "-I", "-c"]
                    + [attackPrelude + Self.attempts + "try_all('', '\(place)')\ntry_all('late-', '\(place)/late')\n" + abstract])
            let reached = verdicts(outside)
            #expect(reached.count == found.count, "\(outside)")
            #expect(reached.values.allSatisfy { $0 == "done" }, "\(reached.filter { $0.value != "done" })")
        }
    }

    @Test(arguments: [false, true])
    func `are out of reach but the agent's own, and so are FIFOs`(whole: Bool) throws {
        try withGateway(whole: whole) { gateway in
            let own = gateway.data + "/deployments/agent/deploy.sock"
            let inView = gateway.tree + "/victims/socket"
            let listener = """
                import os, socket, sys, time
                held = []
                for path in sys.argv[1:]:
                    s = socket.socket(socket.AF_UNIX); s.bind(path); s.listen(8); os.chmod(path, 0o777); held.append(s)
                open(sys.argv[1] + ".ready", "w").close(); time.sleep(100)
                """
            let host = try ChildProcess(.init("/usr/bin/python3", ["-I", "-c", listener, inView, own], descriptors: [:]))
            try eventually("the sockets are there") { exists(inView + ".ready") }
            // A reader of the host's: who writes without waiting is told whether somebody reads.
            let fifo = gateway.directory + "/fifo"
            try run("mkfifo", ["-m", "666", fifo]).requireSuccess()
            let reader = Descriptor(owning: try check { unsafe pinfold_open(fifo, O_RDONLY | O_NONBLOCK | O_CLOEXEC, 0) })
            let script = """
                attempt("own", lambda: socket.socket(socket.AF_UNIX).connect("\(own)"))
                attempt("view", lambda: socket.socket(socket.AF_UNIX).connect("\(inView)"))
                attempt("fifo", lambda: os.open("\(fifo)", os.O_WRONLY | os.O_NONBLOCK))
                attempt("made", lambda: socket.socket(socket.AF_UNIX).bind("\(gateway.data)/sandbox/made"))
                s = socket.socket(socket.AF_UNIX); s.bind("/tmp/made"); s.listen(1)
                attempt("used", lambda: socket.socket(socket.AF_UNIX).connect("/tmp/made"))
                """
            let found = verdicts(try gateway.attack(script))
            withExtendedLifetime(reader) {}
            #expect(found["own"] == "done" && found["made"] == "done" && found["used"] == "done", "\(found)")
            #expect(found["view"] == "ECONNREFUSED", "\(found)")
            #expect(["EACCES", "ENXIO"].contains(found["fifo"]), "\(found)")
            try host.signal(SIGKILL)
            _ = try host.wait()
        }
    }

    @Test func `may come and go while commands start`() throws {
        try withGateway(whole: false) { gateway in
            let place = gateway.directory + "/coming"
            try makeDirectories(place)
            let coming = """
                import os, socket, sys
                i = 0
                while True:
                    i += 1; name = sys.argv[1] + "/s%d" % (i % 7)
                    s = socket.socket(socket.AF_UNIX); s.bind(name); s.listen(); os.unlink(name); s.close()
                """
            let host = try ChildProcess(.init("/usr/bin/python3", ["-I", "-c", coming, place], descriptors: [:]))
            for _ in 0..<30 { try gateway.inside(["true"]).requireSuccess() }
            try host.signal(SIGKILL)
            _ = try host.wait()
        }
    }
}
