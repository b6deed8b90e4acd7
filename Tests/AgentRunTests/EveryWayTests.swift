import Fence
import LinuxSystem
import TestSupport
import Testing

/// Every way to change something × every place outside the zones, verified on the disk below.
@Suite(.timeLimit(.minutes(10)), .serialized)
struct `Nothing outside the zones changes` {
    /// What an attempt may print though nothing changed: these are no changes (a lease and a lock are the kernel's alone; a call that
    /// succeeded on the view and is refused below is not among them).
    private static let harmless: Set<String> = ["lease"]

    private func judge(_ finished: Finished, _ before: String, _ gateway: borrowing Gateway, places: Int) throws {
        try finished.requireSuccess()
        let found = verdicts(finished)
        #expect(found.count >= places * 70, "\(found.count) attempts\n\(finished.errors)")
        let succeeded = found.filter { name, verdict in
            verdict == "done" && !Self.harmless.contains(String(name.split(separator: ":").last ?? ""))
        }
        #expect(succeeded.isEmpty, "\(succeeded.keys.sorted())")
        let after = try gateway.fingerprint()
        #expect(after == before)
    }

    private func script(_ places: [String], scratch: String) -> String {
        everyWayToChange + "\nscratch = \(quoted(scratch))\ntried([\(places.map(quoted).joined(separator: ", "))])\n"
    }

    private func quoted(_ text: String) -> String { "\"\(text)\"" }

    @Test(arguments: [false, true], [false, true])
    func `as the agent's user behind the fence`(whole: Bool, direct: Bool) throws {
        try withGateway(whole: whole, direct: direct) { gateway in
            let before = try gateway.fingerprint()
            let finished = try gateway.attack(script(gateway.victims, scratch: gateway.data + "/sandbox"))
            try judge(finished, before, gateway, places: gateway.victims.count)
        }
    }

    @Test(arguments: [false, true]) func `as the agent's user without the fence, in the mounted view`(direct: Bool) throws {
        try withGateway(whole: false, direct: direct) { gateway in
            let before = try gateway.fingerprint()
            let places = gateway.victims.map { gateway.mounted($0) }
            let finished = try run(
                "/usr/bin/python3",
                ["-I", "-c", attackPrelude + script(places, scratch: gateway.mounted(gateway.data + "/sandbox"))],
                user: (testUser.uid, testUser.gid), seconds: 100)
            try judge(finished, before, gateway, places: places.count)
        }
    }

    @Test(arguments: [false, true]) func `as root beside the mount, in the mounted view`(direct: Bool) throws {
        try withGateway(whole: false, direct: direct) { gateway in
            let before = try gateway.fingerprint()
            let places = gateway.victims.map { gateway.mounted($0) }
            // Root makes nothing in a direct sandbox.
            let scratch = gateway.mounted(gateway.data + (direct ? "/code-repo" : "/sandbox"))
            let finished = try run(
                "/usr/bin/python3", ["-I", "-c", attackPrelude + script(places, scratch: scratch)], seconds: 100)
            try judge(finished, before, gateway, places: places.count)
        }
    }

    @Test(arguments: [false, true]) func `as root in namespaces of the agent's own, in the mounted view`(direct: Bool) throws {
        try withGateway(whole: false, direct: direct) { gateway in
            let before = try gateway.fingerprint()
            let places = gateway.victims.map { gateway.mounted($0) }
            let scratch = gateway.mounted(gateway.data + "/sandbox")
            let mounts = """

                def system(words):
                    if os.spawnvp(os.P_WAIT, words[0], words) != 0: raise OSError(errno.EPERM, "refused")
                for mountpoint in ["\(gateway.mountpoint)"]:
                    for options in ["remount,rw", "remount,rw,bind"]:
                        attempt("mount:" + options, lambda: system(["mount", "-o", options, mountpoint]))
                    attempt("mount:umount", lambda: system(["umount", "-l", mountpoint]))
                    attempt("mount:setattr", lambda: raw(442, -100, text(mountpoint), 0x8000, ctypes.create_string_buffer(struct.pack("QQQQ", 0, 1, 0, 0), 32), 32))
                    os.mkdir(scratch + "/again")
                    # A copy of the mount keeps what the original had: making the copy is allowed, writing through it is not.
                    attempt("copy:bind", lambda: system(["mount", "--rbind", mountpoint, scratch + "/again"]))
                    attempt("copy:remount", lambda: system(["mount", "-o", "remount,rw,bind", scratch + "/again"]))
                tried([scratch + "/again" + place[len("\(gateway.mountpoint)"):] for place in [\(places.map(quoted).joined(separator: ", "))]])
                """
            let finished = try run(
                "setpriv",
                [
                    "--reuid=\(testUser.uid)", "--regid=\(testUser.gid)", "--clear-groups", "--", "unshare", "--user",
                    "--map-root-user", "--mount",
                    "--pid", "--fork", "/usr/bin/python3", "-I", "-c", attackPrelude + script(places, scratch: scratch) + mounts,
                ], seconds: 100)
            try finished.requireSuccess()
            var found = verdicts(finished)
            // Allowed in a namespace of one's own, and no change to anything.
            found["copy:bind"] = nil
            let succeeded = found.filter { $0.value == "done" && !$0.key.hasSuffix(":lease") }
            #expect(found.count >= places.count * 140)
            #expect(succeeded.isEmpty, "\(succeeded.keys.sorted())")
            let after = try gateway.fingerprint()
            #expect(after == before)
        }
    }
}
