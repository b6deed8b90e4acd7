import LinuxSystem
import TestSupport
import Testing

/// `pinfold umount`: all planes together or none, by the daemon's help or without it.
@Suite(.serialized, .timeLimit(.minutes(10)))
struct UmountTests {
    @Test func `it takes all planes down and the daemon with them`() async throws {
        try await withTemporaryDirectory { directory in
            let installation = try Installation(directory)
            try installation.makeZones()
            try installation.pinfold("mount").requireSuccess()
            let pid = try installation.daemon()
            let result = try installation.pinfold("umount")
            try result.requireSuccess()
            #expect(result.output.isEmpty && result.errors.isEmpty, "\(result)")
            #expect(try installation.planes().isEmpty)
            try await eventually("the daemon has ended") { !exists("/proc/\(pid)/exe") }
            #expect(try shell("ls -A '\(installation.mountpoint)'").output.isEmpty)
            try installation.pinfold("mount").requireSuccess()
            try installation.pinfold("umount").requireSuccess()
        }
    }

    @Test func `a dead view is taken down as well`() async throws {
        try await withTemporaryDirectory { directory in
            let installation = try Installation(directory)
            defer { _ = try? installation.pinfold("umount", "--lazy") }
            try installation.makeZones()
            try installation.pinfold("mount").requireSuccess()
            try await installation.killDaemon()
            try installation.pinfold("umount").requireSuccess()
            #expect(try installation.planes().isEmpty)
        }
    }

    @Test func `where nothing is mounted it says so with exit code 4`() throws {
        try Installation.with { installation in
            let result = try installation.pinfold("umount")
            #expect(result.status == .exited(4))
            #expect(result.complaint?.contains("nothing is mounted there") == true, "\(result)")
            try shell("mount -t tmpfs none '\(installation.mountpoint)'").requireSuccess()
            let other = try installation.pinfold("umount")
            #expect(other.status == .exited(4))
            #expect(other.complaint?.contains("tmpfs") == true, "\(other)")
            #expect(mountpoints(below: installation.mountpoint) == [installation.mountpoint])
        }
    }

    struct Use: Sendable, CustomTestStringConvertible {
        let testDescription: String
        /// Started with the view as `$V`; says a line when it holds it.
        let script: String
        let word: String
    }

    static let uses: [Use] = [
        Use(
            testDescription: "a working directory", script: "cd \"$V/agent-data/logs\"; echo; exec sleep 100",
            word: "working directory"),
        Use(
            testDescription: "an open file", script: "exec 9<\"$V/agent-data/sandbox/mine.txt\"; echo; exec sleep 100",
            word: "open file"),
        Use(
            testDescription: "a root directory in a namespace of its own",
            script:
                "exec unshare -m python3 -c 'import os, sys, time; os.chroot(sys.argv[1]); print(flush=True); time.sleep(100)' "
                + "\"$V\"",
            word: "root directory"),
        Use(
            testDescription: "a mapped file",
            script: """
                exec python3 -c 'import mmap, sys, time
                with open(sys.argv[1], "rb") as file: mapped = mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ)
                mapped[0]; print(flush=True); time.sleep(100)' "$V/agent-data/logs/server.log"
                """,
            word: "file"),
    ]

    @Test(arguments: uses)
    func `a view in use stays whole, its users are named, and lazy detaches it`(_ use: Use) async throws {
        try await withTemporaryDirectory { directory in
            let installation = try Installation(directory)
            defer { _ = try? installation.pinfold("umount", "--lazy") }
            try installation.makeZones()
            try installation.pinfold("mount").requireSuccess()
            let daemon = try installation.daemon()
            let signal = "\(directory)/holds"
            let holder = try ChildProcess(
                .init(
                    "bash", ["-c", "{ \(use.script); } >'\(signal)'"],
                    environment: mergedEnvironment(["V": installation.mountpoint]), descriptors: [:]))
            try await eventually("the view is held") { (try? readFile(signal))?.isEmpty == false }

            let busy = try installation.pinfold("umount")
            #expect(busy.status == .exited(1), "\(busy)")
            let line = try #require(busy.complaint, "\(busy)")
            #expect(line.contains("in use by \(holder.pid) ("), "\(line)")
            #expect(line.contains(use.word) && line.contains("--lazy"), "\(line)")
            #expect(try installation.planes().count == 3)
            #expect(try readFile("\(installation.mountpoint)/agent-data/logs/server.log") == "log\n")

            let lazy = try installation.pinfold("umount", "--lazy")
            #expect(lazy.status == .exited(0), "\(lazy)")
            #expect(try installation.planes().isEmpty)
            try holder.signal(Signal.kill.rawValue)
            _ = try holder.wait()
            try await eventually("the daemon has ended") { !exists("/proc/\(daemon)/exe") }
        }
    }

    @Test func `a namespace that keeps a copy of the view is named`() async throws {
        try await withTemporaryDirectory { directory in
            let installation = try Installation(directory)
            defer { _ = try? installation.pinfold("umount", "--lazy") }
            try installation.makeZones()
            try installation.pinfold("mount").requireSuccess()
            let daemon = try installation.daemon()
            let signal = "\(directory)/holds"
            let holder = try ChildProcess(
                .init(
                    "unshare",
                    [
                        "-m", "--propagation", "private", "bash", "-c",
                        leavingOtherViews(than: directory) + "echo >'\(signal)'; exec sleep 100",
                    ], descriptors: [:]))
            try await eventually("the copy is made") { (try? readFile(signal))?.isEmpty == false }
            let lazy = try installation.pinfold("umount", "--lazy")
            #expect(lazy.status == .exited(0), "\(lazy)")
            #expect(
                lazy.complaint?.contains("still used by ") == true
                    && lazy.complaint?.contains("\(holder.pid) (sleep: mount namespace)") == true, "\(lazy)")
            try holder.signal(Signal.kill.rawValue)
            _ = try holder.wait()
            try await eventually("the daemon has ended") { !exists("/proc/\(daemon)/exe") }
        }
    }

    @Test func `something mounted in the view keeps it up, and is named`() throws {
        try Installation.with { installation in
            try installation.makeZones()
            try installation.pinfold("mount").requireSuccess()
            let inside = "\(installation.mountpoint)/agent-data/logs"
            try shell("mount -t tmpfs none '\(inside)'").requireSuccess()
            let result = try installation.pinfold("umount")
            #expect(result.status == .exited(1))
            #expect(result.complaint?.contains("\(inside) (tmpfs)") == true, "\(result)")
            #expect(try installation.planes().count == 3)
            try shell("umount '\(inside)'").requireSuccess()
            try installation.pinfold("umount").requireSuccess()
        }
    }

    @Test func `a path on the command line needs no configuration`() throws {
        try Installation.with { installation in
            try installation.makeZones()
            try installation.pinfold("mount").requireSuccess()
            let broken = try installation.pinfold("umount", changes: ["AGENT_DEPLOY_KEEP": "many"])
            // What names the mountpoint is not what is wrong.
            #expect(broken.status == .exited(0) && broken.complaint?.contains("AGENT_DEPLOY_KEEP") == true, "\(broken)")
            #expect(try installation.planes().isEmpty)
            try installation.pinfold("mount").requireSuccess()
            try installation.pinfold("umount", installation.mountpoint + "/", changes: ["AGENT_DEPLOY_KEEP": "many"])
                .requireSuccess()
            #expect(try installation.planes().isEmpty)
        }
    }
}
