import AuditLog
import CLinux
import Fence
import LinuxSystem
import SystemPackage
import TestSupport
import Testing

/// What the kernel refuses in the read-only view is in the record, and nothing else is.
@Suite(.timeLimit(.minutes(10)), .serialized)
struct `The record of refusals in the view` {
    @Test(arguments: [true, false])
    func `holds every way to change something, with the errno that the call got`(whole: Bool) throws {
        try withGateway(whole: whole, audit: true) { gateway in
            let place = gateway.data + "/models"
            // A name is looked at after its mount: removing one that does not exist is a refusal too, and marks what follows.
            let script = """
                scratch = "\(gateway.data)/sandbox"
                os.mkdir(scratch + "/s"); scratch += "/s"
                for name, call in ways("\(place)"):
                    try: os.rmdir("\(place)/mark-" + name)
                    except OSError: pass
                    attempt(name, call)
                """
            let finished = try gateway.attack(everyWayToChange + script)
            let verdicts = verdicts(finished)
            #expect(verdicts.count > 70, "\(finished)")
            let denied = try denied(gateway)
            var seen: [String: [AuditRecord]] = [:]
            var mark = ""
            for record in denied {
                if let range = record.path.firstRange(of: "/mark-") {
                    mark = String(record.path[range.upperBound...])
                    seen[mark] = []
                    #expect(record.operation == "rmdir" && record.error == "EROFS")
                } else {
                    seen[mark]?.append(record)
                }
                #expect(record.user == testUser.uid && record.process > 0 && record.zone == "view", "\(record)")
                #expect(record.rule == "read-only-view" && record.path.hasPrefix("/"), "\(record)")
            }
            #expect(Set(seen.keys) == Set(verdicts.keys))
            for (name, verdict) in verdicts {
                let errors = (seen[name] ?? []).map(\.error)
                if ["EROFS", "EXDEV"].contains(verdict) {
                    #expect(errors.contains(verdict), "\(name) got \(verdict), recorded: \(errors)")
                } else {
                    #expect(errors.isEmpty, "\(name) got \(verdict), recorded: \(seen[name] ?? [])")
                }
            }
            let operations = Set(denied.map(\.operation))
            #expect(
                operations.isSuperset(of: [
                    "open", "create", "tmpfile", "truncate", "mkdir", "mknod", "symlink", "link", "unlink", "rmdir", "rename",
                    "chmod",
                    "chown", "utimens", "setxattr", "removexattr",
                ]), "\(operations)")
            let file = try #require(seen["write"]?.first)
            #expect(file.operation == "open" && file.path == place + "/file" && file.command.hasPrefix("python3"), "\(file)")
            #expect(try run(Executables.pinfold, audit(gateway, "--verify")).requireSuccess().contains("the chain is whole"))
        }
    }

    @Test func `holds nothing of reading, of the zones, and of calls that fail for another reason`() throws {
        try withGateway(whole: true, audit: true) { gateway in
            let place = gateway.data + "/models"
            let script = """
                base, zone = "\(place)", "\(gateway.data)/sandbox"
                def quiet(call):
                    try: call()
                    except OSError: pass
                open(base + "/file").read(); os.listdir("/etc"); os.stat(base); os.readlink(base + "/link"); open("/dev/null", "w").write("x")
                open("/tmp/a", "w").close(); os.unlink("/tmp/a")
                open(zone + "/a", "w").close(); os.rename(zone + "/a", zone + "/b"); os.chmod(zone + "/b", 0o600); os.unlink(zone + "/b")
                quiet(lambda: os.mkdir(base))
                quiet(lambda: os.mkdir(base + "/missing/name"))
                quiet(lambda: os.open(base + "/missing", os.O_WRONLY))
                quiet(lambda: os.open(base + "/file", os.O_WRONLY | os.O_CREAT | os.O_EXCL))
                quiet(lambda: os.open(base, os.O_WRONLY))
                quiet(lambda: os.chmod(base + "/missing", 0o600))
                quiet(lambda: os.open("/" + "x" * 4096, os.O_WRONLY | os.O_CREAT))
                attempt("null", lambda: raw(2 if os.uname().machine == "x86_64" else 56, *((0, 1) if os.uname().machine == "x86_64" else (-100, 0, 1))))
                attempt("bad", lambda: raw(437, -100, 1, 2, 24))
                # As long as a path may be: the last of its 4096 bytes ends it.
                attempt("long", lambda: os.open("/" + "./" * 2044 + "etc/xx", os.O_WRONLY | os.O_CREAT))
                """
            let finished = try gateway.attack(script)
            #expect(verdicts(finished) == ["null": "EFAULT", "bad": "EFAULT", "long": "EROFS"], "\(finished)")
            let denied = try denied(gateway)
            #expect(denied.map(\.path) == ["/etc/xx"], "\(denied)")
        }
    }

    @Test func `counts the calls whose paths could not be read`() throws {
        try withGateway(whole: true, audit: true) { gateway in
            // Addresses of nothing, and a path whose end is in a page that is not there.
            let script = """
                import mmap
                libc.mmap.restype = ctypes.c_void_p; libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t] + [ctypes.c_int] * 3 + [ctypes.c_long]
                pages = libc.mmap(None, 8192, mmap.PROT_READ | mmap.PROT_WRITE, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, -1, 0)
                ctypes.memset(pages, ord("a"), 4096); assert libc.munmap(ctypes.c_void_p(pages + 4096), 4096) == 0
                for number in range(10):
                    libc.chmod(ctypes.c_void_p(1), 0o600); libc.mkdir(ctypes.c_void_p(pages + 9), 0o700); libc.rename(b"/etc/x", ctypes.c_void_p(8))
                attempt("rmdir", lambda: os.rmdir("/etc/nothing"))
                """
            let finished = try gateway.attack(script)
            #expect(verdicts(finished) == ["rmdir": "EROFS"], "\(finished)")
            #expect(try denied(gateway).map(\.path) == ["/etc/nothing"])
            try eventually("they are counted") {
                try records(gateway).filter { $0.operation == "dropped" }.compactMap(\.count).reduce(0, +) == 30
            }
        }
    }

    @Test func `looks up what a command did last in its own mounts, when nothing of it is left`() throws {
        try withGateway(whole: true, audit: true) { gateway in
            let script = """
                open("\(gateway.data)/sandbox/a", "w").close()
                for number in range(100):
                    try: os.rename("\(gateway.data)/sandbox/a", "\(gateway.data)/models/a")
                    except OSError: pass
                os._exit(0)
                """
            _ = try gateway.attack(script)
            let denied = try denied(gateway)
            // The mount below the zone is the view's, and a rename within that would be EROFS.
            #expect(denied.map(\.error) == Array(repeating: "EXDEV", count: 100), "\(denied)")
        }
    }

    @Test func `sees through links, other roots and modes that bar the way`() throws {
        try withGateway(whole: true, audit: true) { gateway in
            try run("mkdir", ["-m", "700", gateway.tree + "/closed"]).requireSuccess()
            let script = """
                os.chdir("\(gateway.data)/sandbox")
                os.symlink("/etc", "out"); os.symlink("/proc/self/root/etc", "around"); os.symlink("out/made", "last"); os.symlink("loop", "loop")
                def opened(path): return lambda: os.open(path, os.O_WRONLY | os.O_CREAT)
                attempt("1", opened("out/one")); attempt("2", opened("around/two")); attempt("3", opened("last"))
                attempt("4", opened("../../../../../../../../../../etc/four")); attempt("5", opened("\(gateway.tree)/closed/five"))
                attempt("6", opened("/proc/thread-self/cwd/out/six")); attempt("7", opened("loop")); attempt("8", opened("inside"))
                """
            let found = verdicts(try gateway.attack(script))
            #expect(
                found == [
                    "1": "EROFS", "2": "EROFS", "3": "EROFS", "4": "EROFS", "5": "EACCES", "6": "EROFS", "7": "ELOOP", "8": "done",
                ])
            let denied = try denied(gateway)
            let expected = ["/etc/one", "/etc/two", "/etc/made", "/etc/four", gateway.tree + "/closed/five", "/etc/six"]
            #expect(denied.map(\.path) == expected, "\(denied)")
            #expect(denied.map(\.error) == ["EROFS", "EROFS", "EROFS", "EROFS", "EACCES", "EROFS"])
        }
    }

    @Test func `is bounded when thousands are refused, and when a path changes while it is read`() throws {
        try withGateway(whole: true, audit: true) { gateway in
            let script = """
                import threading
                place = b"\(gateway.data)/sandbox/x"
                buffer = ctypes.create_string_buffer(b"/etc/x".ljust(len(place), b"/"), 4096)
                stop = []
                def rewrite():
                    while not stop:
                        ctypes.memmove(buffer, place, len(place)); ctypes.memmove(buffer, b"/etc/x\\0", 7)
                threads = [threading.Thread(target=rewrite) for _ in range(2)]
                for t in threads: t.start()
                open("\(gateway.data)/sandbox/started", "w").close()
                chmod = (lambda: libc.chmod(buffer, 0o600))
                for _ in range(1500): chmod()
                stop.append(1)
                for t in threads: t.join()
                for _ in range(5000): libc.mkdir(b"/etc/directory", 0o700)
                print("through", os.path.exists("/etc/directory"))
                """
            let words = gateway.arguments(["/usr/bin/python3", "-I", "-c", attackPrelude + script])
            let launcher = try ChildProcess(.init(Executables.pinfold, words, descriptors: [:]))
            var descriptors = 0
            var memory = 0
            while try !launcher.ends(withinMilliseconds: 5) {
                // The table's size never shrinks, and the memory is the most that there was.
                let words = ((try? readFile("/proc/\(launcher.pid)/status")) ?? "").split(whereSeparator: \.isWhitespace)
                func number(_ name: Substring) -> Int { words.firstIndex(of: name).flatMap { Int(words[$0 + 1]) } ?? 0 }
                descriptors = max(descriptors, number("FDSize:"))
                memory = max(memory, number("VmHWM:"))
            }
            let status = try launcher.wait()
            #expect(status == .exited(0))
            #expect(descriptors > 0 && descriptors <= 1024, "\(descriptors) descriptors")
            #expect(memory > 0 && memory < 300_000, "\(memory) KiB")
            var counted: UInt64 = 0
            try eventually("what was dropped is counted") {
                counted = try records(gateway).filter { $0.operation == "dropped" }.compactMap(\.count).reduce(0, +)
                return counted > 1000
            }
            let kept = try denied(gateway).filter { $0.path == "/etc/directory" }
            #expect(kept.count < 5000)
            #expect(try run(Executables.pinfold, audit(gateway, "--verify")).requireSuccess().contains("the chain is whole"))
        }
    }

    @Test func `is kept from outside: nothing inside has the listener, and nothing survives who listens`() throws {
        try withGateway(whole: true, audit: true) { gateway in
            let script = "touch \(gateway.data)/sandbox/started; while :; do mkdir /etc/never 2>/dev/null; done"
            let launcher = try ChildProcess(.init(Executables.pinfold, gateway.arguments(["sh", "-c", script]), descriptors: [:]))
            try eventually("it has started") { exists(gateway.data + "/sandbox/started") }
            let inside = try agents()
            #expect(inside.count >= 2)
            // Descriptors come and go while they are listed.
            func descriptors(of process: String) throws -> String {
                try run("sh", ["-c", "ls -l /proc/\(process)/fd 2>/dev/null || true"]).output
            }
            for process in inside {
                let links = try descriptors(of: process)
                #expect(!links.contains("seccomp"), "\(links)")
            }
            #expect(try descriptors(of: String(launcher.pid)).contains("seccomp"))
            // The agent's user cannot reach the gateway's socket, on the host or inside.
            let socket = MountRuntime(mountpoint: gateway.mountpoint).audit
            let knock = "import socket,sys; s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET); s.connect(sys.argv[1])"
            let knocking = try run(
                "/usr/bin/python3", ["-I", "-c", knock, socket], user: (uid: testUser.uid, gid: testUser.gid))
            #expect(!knocking.status.isSuccess && knocking.errors.contains("PermissionError"), "\(knocking)")
            let within = try gateway.inside(["/usr/bin/python3", "-I", "-c", knock, socket])
            #expect(!within.status.isSuccess && within.errors.contains("Error: [Errno"), "\(within)")
            try launcher.signal(SIGKILL)
            _ = try launcher.wait()
            try eventually("nothing of the agent's is left") { try agents().isEmpty }
            #expect(!exists("/etc/never"))
        }
    }

    @Test func `is one chain for all who run`() throws {
        try withGateway(whole: true, audit: true) { gateway in
            let loop = "for i in $(seq 40); do rmdir /etc/$0-$i 2>/dev/null; done; true"
            let one = try ChildProcess(.init(Executables.pinfold, gateway.arguments(["sh", "-c", loop, "one"]), descriptors: [:]))
            let two = try ChildProcess(.init(Executables.pinfold, gateway.arguments(["sh", "-c", loop, "two"]), descriptors: [:]))
            _ = try one.wait()
            _ = try two.wait()
            try eventually("all are recorded") { try denied(gateway).count >= 80 }
            let paths = try denied(gateway).map(\.path)
            for name in ["one", "two"] { #expect(paths.count { $0.hasPrefix("/etc/\(name)-") } == 40) }
            #expect(try run(Executables.pinfold, audit(gateway, "--verify")).requireSuccess().contains("the chain is whole"))
        }
    }

    // MARK: Tools

    private func audit(_ gateway: borrowing Gateway, _ options: String...) -> [String] {
        ["audit", "--source", gateway.whole ? "/" : gateway.tree, "--data-root", gateway.data] + options
    }

    private func records(_ gateway: borrowing Gateway) throws -> [AuditRecord] {
        let output = try run(Executables.pinfold, audit(gateway, "--json")).requireSuccess()
        return output.split(separator: "\n").compactMap { AuditRecord(line: Array($0.utf8)) }
    }

    /// What `pinfold audit --denied --json` shows once all that a finished command did is written: a mark is made behind it, and waited for.
    private func denied(_ gateway: borrowing Gateway) throws -> [AuditRecord] {
        let mark = "/etc/the-end-\(UInt32.random(in: 0 ... .max))"
        _ = try gateway.inside(["rmdir", mark])
        var found: [AuditRecord] = []
        try eventually("the record is written") {
            let output = try run(Executables.pinfold, audit(gateway, "--denied", "--json")).requireSuccess()
            found = output.split(separator: "\n").compactMap { AuditRecord(line: Array($0.utf8)) }
            return found.contains { $0.path == mark } || found.count >= 2000
        }
        return found.filter { !$0.path.hasPrefix("/etc/the-end-") }
    }

    private func agents() throws -> [String] {
        try run("sh", ["-c", "grep -ls '^Uid:[[:space:]]*\(testUser.uid)[[:space:]]' /proc/[0-9]*/status | cut -d/ -f3 || true"])
            .output
            .split(separator: "\n").map(String.init)
    }
}
