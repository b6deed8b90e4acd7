import Fence
import LinuxSystem
import TestSupport
import Testing

/// `pinfold run` where the kernel serves the sandbox by itself.
@Suite(.timeLimit(.minutes(10)), .serialized)
struct `A direct sandbox` {
    @Test(arguments: [false, true]) func `is the agent's to write, and nobody else's, behind the fence`(whole: Bool) throws {
        try withGateway(whole: whole, direct: true) { gateway in
            try writeFile(gateway.data + "/sandbox/foreign", "foreign\n")
            try run("chmod", ["666", gateway.data + "/sandbox/foreign"]).requireSuccess()
            let script = """
                import fcntl
                os.chdir("\(gateway.data)/sandbox")
                attempt("write", lambda: open("made", "w").write("made"))
                attempt("foreign", lambda: open("foreign", "a"))
                attempt("remove", lambda: os.unlink("foreign"))
                attempt("project", lambda: fcntl.ioctl(os.open("made", os.O_RDONLY), 0x401c5820, bytes(28)))
                attempt("flags", lambda: fcntl.ioctl(os.open(".", os.O_RDONLY), 0x40086602, bytes(8)))
                attempt("attributes", lambda: raw(469, -100, b".", bytes(24), 24, 0))
                attempt("out", lambda: os.rename("made", "../code-repo/made"))
                attempt("up", lambda: open("../made", "w"))
                """
            let found = verdicts(try gateway.attack(script))
            #expect(
                found == [
                    "write": "done", "foreign": "EACCES", "remove": "EOVERFLOW", "project": "EPERM",
                    "flags": "EPERM", "attributes": "EPERM", "out": "EXDEV", "up": "EROFS",
                ])
            #expect(try readFile(gateway.data + "/sandbox/made") == "made")
            #expect(try readFile(gateway.data + "/sandbox/foreign") == "foreign\n")
        }
    }

    @Test func `is not entered where somebody mounted the disk itself in its place`() throws {
        try withGateway(whole: false) { gateway in
            let place = gateway.mounted(gateway.data + "/sandbox")
            try run("umount", ["-l", place]).requireSuccess()
            try run("mount", ["--bind", "-o", "nosuid,nodev", gateway.data + "/sandbox", place]).requireSuccess()
            let finished = try gateway.inside(["true"])
            #expect(finished.status == .exited(4) && finished.errors.contains("has no writable zone"), "\(finished)")
        }
    }

    @Test func `is not entered where it is another directory's`() throws {
        try withGateway(whole: false, direct: true) { gateway in
            try run("mv", [gateway.data + "/sandbox", gateway.tree + "/moved"]).requireSuccess()
            try makeDirectories(gateway.data + "/sandbox")
            let finished = try gateway.inside(["true"])
            #expect(finished.status == .exited(4) && finished.errors.contains("has no writable zone"), "\(finished)")
        }
    }
}
