import CLinux
import Fence
import LinuxSystem
import SystemPackage
import TestSupport
import Testing

/// What ordinary programs ask of the machine that they are on.
@Suite(.timeLimit(.minutes(10)), .serialized)
struct `An agent's ordinary programs` {
    private static let processors = """
        attempt("counted", lambda: None if open("/sys/devices/system/cpu/online").read().strip() else os.stat("/none"))
        attempt("changed", lambda: open("/sys/devices/system/cpu/cpu0/online", "w"))
        attempt("made", lambda: os.mkdir("/sys/made"))
        attempt("devices", lambda: os.stat("/sys/class"))

        """

    @Test(arguments: [false, true]) func `find their name, home and user`(whole: Bool) throws {
        try withGateway(whole: whole) { gateway in
            let finished = try gateway.inside(["sh", "-c", programProbe])
            #expect(finished.output.isEmpty && finished.errors.isEmpty, "\(finished)")
            #expect(exists(gateway.data + "/sandbox/made"))
            // Whoever gives another home gets it everywhere.
            let other = try gateway.inside(["sh", "-c", programProbe], options: ["--env", "HOME=/tmp"])
            #expect(other.output.isEmpty && other.errors.isEmpty, "\(other)")
        }
    }

    @Test(arguments: [false, true]) func `use message queues of their own`(whole: Bool) throws {
        try withHostQueue { probe in
            try withGateway(whole: whole) { gateway in
                let found = verdicts(try gateway.attack(probe))
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
