import CLinux
import LinuxSystem
import SystemPackage
import TestSupport
import Testing

/// Settings that change while the view lives: another process goes on with it by others. Docs/Semantics.md, S-70 to S-75.
@Suite(.serialized, .timeLimit(.minutes(10)))
struct ChangedSettingsTests {
    /// A tree of which most is known to the kernel before anything changes.
    private static func prepare(_ source: String) throws {
        for path in ["many", "keys", "data/live", "data/code-repo/kept", "data/sandbox/in"] {
            try makeDirectories("\(source)/\(path)")
        }
        for number in 0..<50 { try writeFile("\(source)/many/\(number)", "\(number)") }
        for path in [
            "keys/one", "keys/two", "many/secret", "data/live/secret", "data/live/log", "data/code-repo/secret",
            "data/code-repo/own",
            "data/sandbox/secret", "data/sandbox/in/file",
        ] {
            try writeFile("\(source)/\(path)", "text of \(path)", mode: [.ownerReadWrite, .groupReadWrite, .otherReadWrite])
        }
        try run("ln", ["\(source)/keys/two", "\(source)/many/also-two"]).requireSuccess()
        try run("ln", ["-s", "one", "\(source)/keys/link"]).requireSuccess()
        try run("chown", ["-R", "\(MountedGateway.agent.uid):\(MountedGateway.agent.gid)", "\(source)/data"]).requireSuccess()
    }

    /// A view with a live directory, over that tree, and the way to serve it by other options.
    private func withChanging(
        hide: [String] = [],
        _ body: (MountedGateway, (_ hide: [String], _ protect: [String], _ more: [String]) throws -> Void) async throws -> Void
    ) async throws {
        func options(_ directory: String, _ hide: [String], _ protect: [String] = [], _ more: [String] = [])
            -> MountedGateway.Options
        {
            let always = ["--live", directory + "/source/data/live", "--usage", directory + "/usage"]
            return .init(hide: hide.map { directory + "/source" + $0 }, protect: protect, more: always + more)
        }
        try await withTemporaryDirectory { directory in
            try MountedGateway.makeDirectories(in: directory)
            try Self.prepare(directory + "/source")
            try run("mkdir", ["-m", "700", directory + "/usage"]).requireSuccess()
            try await ReplacedGateway.over(directory, options(directory, hide)) { replaced in
                try await body(replaced.gateway) { try replaced.replace(options(directory, $0, $1, $2)) }
            }
        }
    }

    /// What a reader of the whole view says, as the agent: each file with its text, each directory with its names.
    private func seen(_ gateway: MountedGateway) throws -> String {
        try gateway.asAgent("find . -mindepth 1 | sort; find . -type f | sort | xargs -r cat").requireSuccess()
    }

    @Test func `S-70: names that are hidden from now on are gone at once, and all else stays`() async throws {
        try await withChanging { gateway, change in
            let all = try seen(gateway)
            try change(["/many/secret", "/keys/one", "/data/code-repo/secret", "/data/live/secret"], [], [])
            let expected = all.split(separator: "\n").map(String.init).filter { line in
                !["many/secret", "keys/one", "data/code-repo/secret", "data/live/secret"].contains { line.hasSuffix($0) }
            }
            #expect(try seen(gateway).contains("text of keys/one") == false)
            for path in ["many/secret", "keys/one", "data/code-repo/secret", "data/live/secret"] {
                #expect(!exists("\(gateway.view)/\(path)"), "\(path)")
                #expect(FileCalls.open("\(gateway.view)/\(path)", O_RDONLY) == .noSuchFileOrDirectory)
            }
            #expect(try names(gateway.view + "/keys") == ["link", "two"])
            #expect(FileCalls.open(gateway.view + "/keys/link", O_RDONLY) == .noSuchFileOrDirectory)
            #expect(FileCalls.open(gateway.viewCodeRepo + "/secret", O_RDWR | O_CREAT) == .notPermitted)
            #expect(expected.count > 60)
        }
    }

    @Test func `S-70: a directory that is hidden is empty for who stands in it`() async throws {
        try await withChanging { gateway, change in
            let (go, stands, said) = (gateway.directory + "/go", gateway.directory + "/stands", gateway.directory + "/said")
            let script = "cat one two > /dev/null; ls > /dev/null; echo > \(stands); until [ -e \(go) ]; do sleep 0.01; done; "
            let output = Descriptor(owning: try check { unsafe pinfold_open(said, O_WRONLY | O_CREAT | O_CLOEXEC, 0o644) })
            let stander = try ChildProcess(
                .init(
                    "sh", ["-c", script + "cat one; cat ./two; ls; ls -l ."],
                    workingDirectory: gateway.view + "/keys", descriptors: [1: output.rawValue, 2: output.rawValue]))
            try await eventually("it stands there") { exists(stands) }
            try change(["/keys"], [], [])
            try writeFile(go, "")
            #expect(try stander.wait() != .exited(0))
            let text = try readFile(said)
            #expect(!text.contains("text of") && !text.contains("link"), "\(text)")
        }
    }

    @Test func `S-70: what is hidden by a wildcard is hidden under its other names, open or not`() async throws {
        try await withChanging { gateway, change in
            let other = try FileCalls.opened(gateway.view + "/many/also-two", O_RDONLY)
            #expect(try FileCalls.read(other, 4) == "text")
            _ = try names(gateway.view + "/keys")
            try change(["/k*/t?o"], [], [])
            #expect(!exists(gateway.view + "/keys/two") && !exists(gateway.view + "/many/also-two"))
            #expect(try !names(gateway.view + "/many").contains("also-two"))
            #expect(exists(gateway.view + "/keys/one"))
            #expect(throws: Errno.staleNFSFileHandle) { try FileCalls.read(other, 4) }
        }
    }

    @Test func `S-71: what is shown again is there at once`() async throws {
        let hide = ["/many/secret", "/keys", "/data/code-repo/secret", "/data/live/secret"]
        try await withChanging(hide: hide) { gateway, change in
            let before = try seen(gateway)
            for path in hide { #expect(!exists(gateway.view + path)) }
            try change([], [], [])
            for path in hide { #expect(exists(gateway.view + path), "\(path)") }
            let after = try seen(gateway)
            #expect(after.contains("text of keys/one") && after.contains("text of many/secret"))
            #expect(after.contains("text of data/live/secret") && !before.contains("text of data/live/secret"))
        }
    }

    @Test func `S-72: a file that is open when it comes to be hidden is read no further, nor by a map`() async throws {
        try await withChanging { gateway, change in
            let script = """
                import errno, mmap, os, signal, sys
                view, go, said = sys.argv[1:4]
                plain = os.open(view + "/keys/one", os.O_RDONLY); other = os.open(view + "/many/also-two", os.O_RDONLY)
                shown = os.open(view + "/many/7", os.O_RDONLY); directory = os.open(view + "/keys", os.O_RDONLY)
                mapped = mmap.mmap(plain, 0, mmap.MAP_SHARED, mmap.PROT_READ)
                assert os.read(plain, 4) == b"text" and os.read(other, 4) == b"text" and mapped[0:4] == b"text"
                open(said, "w").close()
                while not os.path.exists(go): pass
                def error(call):
                    try: return call()
                    except OSError as failure: return failure.errno
                assert error(lambda: os.pread(plain, 4, 0)) == errno.ESTALE, error(lambda: os.pread(plain, 4, 0))
                assert error(lambda: os.pread(other, 4, 0)) == errno.ESTALE, error(lambda: os.pread(other, 4, 0))
                assert error(lambda: os.fstat(plain)) == errno.ESTALE, error(lambda: os.fstat(plain))
                assert error(lambda: os.listdir(directory)) == errno.ESTALE, error(lambda: os.listdir(directory))
                assert error(lambda: os.open("two", os.O_RDONLY, dir_fd=directory)) in (errno.ESTALE, errno.ENOENT)
                assert error(lambda: os.open("/proc/self/fd/%d" % plain, os.O_RDONLY)) in (errno.ESTALE, errno.ENOENT, 9), "again"
                assert os.pread(shown, 9, 0) == b"7"
                child = os.fork()
                if child == 0: mapped[0:4]; os._exit(0)
                assert os.waitpid(child, 0)[1] == signal.SIGBUS
                """
            let output = Descriptor(
                owning: try check { unsafe pinfold_open(gateway.directory + "/said", O_WRONLY | O_CREAT | O_CLOEXEC, 0o644) })
            let (go, said) = (gateway.directory + "/go", gateway.directory + "/reads")
            let reader = try ChildProcess(
                .init(
                    "python3", ["-I", "-c", script, gateway.view, go, said], descriptors: [1: output.rawValue, 2: output.rawValue]))
            try await eventually("it reads") { exists(said) }
            try change(["/keys"], [], [])
            try writeFile(go, "")
            #expect(try reader.wait() == .exited(0))
            #expect(try readFile(gateway.directory + "/said") == "")
        }
    }

    @Test func `S-73: names that are protected from now on cannot be changed, and what is not any more can`() async throws {
        try await withChanging { gateway, change in
            let own = gateway.viewCodeRepo + "/own"
            #expect(FileCalls.open(own, O_RDWR) == nil)
            let held = try FileCalls.opened(own, O_RDWR)
            try change([], ["own", "kept"], [])
            #expect(FileCalls.open(own, O_RDWR) == .notPermitted)
            #expect(FileCalls.open(own, O_RDONLY) == nil)
            #expect(errno { unsafe chmod(own, 0o600) } == .notPermitted)
            #expect(errno { unsafe unlink(own) } == .notPermitted)
            #expect(FileCalls.rename(gateway.viewCodeRepo + "/kept", gateway.viewCodeRepo + "/moved") == .notPermitted)
            // The kernel writes it by itself.
            try FileCalls.write(held, "more")
            #expect(try readFile(gateway.log).contains("code-repo: files that are hidden or protected from now on are open (1)"))
            try change([], [], [])
            #expect(FileCalls.open(own, O_RDWR) == nil)
            #expect(errno { unsafe unlink(own) } == nil)
        }
    }

    @Test func `S-74: a quota that is given, changed or taken away holds at once`() async throws {
        try await withChanging { gateway, change in
            let path = gateway.viewSandbox + "/big"
            let held = try FileCalls.opened(gateway.viewSandbox + "/held", O_RDWR | O_CREAT)
            func write(_ megabytes: Int) throws -> Finished {
                try gateway.asAgent("head -c \(megabytes)M /dev/zero > data/sandbox/big")
            }
            try write(8).requireSuccess()
            try change([], [], ["--sandbox-quota", "4000000"])
            #expect(try write(8).errors.contains("quota"))
            unsafe unlink(path)
            #expect(FileCalls.open(path + "-more", O_RDWR | O_CREAT) == nil)
            try FileCalls.write(held, "held")
            try change([], [], ["--sandbox-quota", "20000000"])
            try write(8).requireSuccess()
            try change([], [], ["--sandbox-quota", "1000000"])
            #expect(FileCalls.open(path + "-other", O_RDWR | O_CREAT) == .diskQuotaExceeded)
            #expect(try gateway.asAgent("df --output=size -B1 data/sandbox | tail -1").requireSuccess().contains("999424"))
            try change([], [], [])
            try write(16).requireSuccess()
            #expect(FileCalls.open(path + "-other", O_RDWR | O_CREAT) == nil)
            try FileCalls.write(held, "still", at: 4)
            #expect(try FileCalls.read(held, 9) == "heldstill")
            // What was counted before says nothing any more.
            try change([], [], ["--sandbox-quota", "4000000"])
            #expect(FileCalls.open(path + "-again", O_RDWR | O_CREAT) == .diskQuotaExceeded)
        }
    }

    @Test func `what cannot change is named, all of it, and the view is as it was`() async throws {
        try await withChanging { gateway, change in
            var text = "nothing"
            do {
                try change(["/keys"], [], ["--audit", gateway.directory + "/usage", "--sandbox-access", "direct"])
            } catch { text = "\(error)" }
            #expect(
                text.contains("AGENT_SANDBOX_ACCESS (is served, wanted direct)") && text.contains("--audit (is none"), "\(text)")
            #expect(try readFile(gateway.view + "/keys/one") == "text of keys/one")
            try change(["/keys"], [], [])
            #expect(!exists(gateway.view + "/keys"))
        }
    }
}
