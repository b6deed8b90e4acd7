import CLinux
import DeployModel
import DeployService
import DeploySteps
import LinuxSystem
import TestSupport
import Testing

/// A version comes into the running server, or does not, and the server runs on either way.
@Suite(.serialized, .timeLimit(.minutes(10)))
struct HotReloadTests {
    @Test func `functions are patched and modules executed anew in the running server, and a rollback comes back the same way`()
        async throws
    {
        try await withFarm(HotServer.make) { farm, service in
            let one = try farm.commit(HotServer.files)
            let first = try await service.deployed(one)
            #expect(first.steps.first { $0.stage == .reload }?.note?.contains("no process of the server listens") == true)
            let process = try await HotServer.start(farm)
            let pid = process.pid
            defer { kill(pid, SIGKILL) }

            let two = try farm.commit(["srv/words.py": "def word():\n    return 'two'\n"])
            let patched = try await service.deployed(two)
            #expect(patched.reload?.tier == .patched && patched.reload?.processes == 1)
            #expect(patched.reload?.modules == ["srv.words"] && patched.reload?.pauseMilliseconds != nil)
            #expect(patched.steps.first { $0.stage == .reload }?.note?.contains("functions patched in 1 process") == true)
            try await HotServer.waitFor("two", two, by: pid, farm)

            let three = try farm.commit(["srv/words.py": "WORD = 'three'\ndef word():\n    return WORD\n"])
            #expect(try await service.deployed(three).reload?.tier == .reloaded)
            try await HotServer.waitFor("three", three, by: pid, farm)

            let back = try await service.rollback(to: patched.id, by: admin)
            let settled = try await service.settled(back.id, withinMilliseconds: 60_000)
            #expect(settled.state == .deployed && settled.reload?.tier == .reloaded)
            try await HotServer.waitFor("two", two, by: pid, farm)
        }
    }

    @Test func `a version that does not start never reaches the server, and without a command the old one is back`() async throws {
        try await configured { farm in
            HotServer.make(&farm)
            // What ends the program is asked about, where tests cannot be made to fail.
            farm.settings.judge.requiresApproval = false
        }.run { farm, service in
            var good = try farm.commit(HotServer.files)
            try await service.deployed(good)
            let process = try await HotServer.start(farm)
            let pid = process.pid
            defer { kill(pid, SIGKILL) }
            for text in ["1 / 0\n", "import nothing_of_that_name\n", "raise SystemExit(0)\n"] {
                let outcome = try await service.outcome(of: farm.commit(["srv/words.py": text + "# \(text.count)\n"]))
                #expect(outcome.state == .rolledBack)
                #expect(outcome.reason?.contains("does not start") == true, "\(outcome.reason ?? "")")
                try await HotServer.waitFor("one", good, by: pid, farm)
                try farm.git("revert", "--no-edit", "HEAD")
                good = try farm.head()
                try await service.deployed(good)
            }
        }
    }

    @Test func `what the running server refuses is done by the command, and the reason is on record`() async throws {
        try await configured { farm in
            HotServer.make(&farm)
            farm.settings.reload.command = "echo $PINFOLD_COMMIT > '\(farm.root)/restarted'"
            farm.settings.judge.requiresApproval = false
        }.run { farm, service in
            try await service.deployed(farm.commit(HotServer.files))
            let process = try await HotServer.start(farm)
            let pid = process.pid
            defer { kill(pid, SIGKILL) }
            let commit = try farm.commit(["serve.py": "import sys\nsys.exit()\n"])
            let done = try await service.deployed(commit)
            #expect(done.reload?.tier == .command && done.reload?.refusal?.contains("__main__ changes") == true)
            #expect(try readFile(farm.root + "/restarted").hasPrefix(commit.hex))
        }
    }

    @Test(arguments: [
        ("no JSON", "not JSON"), ("a list", "[]"), ("neither yes nor no", "{}"), ("another kind", #"{"ok": "yes"}"#),
        ("an unknown tier", #"{"ok": true, "tier": "command", "modules": [], "paths": [], "python": "/usr/bin/python3"}"#),
        (
            "a module of another form",
            #"{"ok": true, "tier": "same", "modules": ["-c"], "paths": [], "python": "/usr/bin/python3"}"#
        ),
        (
            "a path that leads out",
            #"{"ok": true, "tier": "same", "modules": [], "paths": ["../../etc"], "python": "/usr/bin/python3"}"#
        ),
        ("a line of a mebibyte", "LONG"), ("an answer that never ends", "ENDLESS"), ("silence", "SILENT"), ("an end", "END"),
        ("silence while requests wait", "HOLD"),
    ])
    func `what a process answers is a stranger's word`(what: String, answer: String) async throws {
        try await withFarm(HotServer.make) { farm, service in
            let commit = try farm.commit(HotServer.files)
            try await service.deployed(commit)
            let process = try await stranger(answer, farm)
            let pid = process.pid
            defer { kill(pid, SIGKILL) }
            let outcome = try await service.outcome(of: farm.commit(["srv/words.py": "WORD = 2\n"]), seconds: 100)
            #expect(
                outcome.state != .deployed && outcome.reason?.contains("does not take the version in") == true,
                "\(outcome.reason ?? "")")
            #expect(outcome.reason?.utf8.count ?? 0 < 4000)
        }
    }

    @Test func `a link, a file and another user's socket are refused, and what a dead process left is passed over`() async throws {
        try await configured { farm in
            HotServer.make(&farm)
            farm.settings.reload.command = "true"
        }.run { farm, service in
            try await service.deployed(farm.commit(HotServer.files))
            let sockets = farm.root + "/sockets"
            try makeDirectories(sockets)
            func refusal(_ number: Int) async throws -> String {
                let done = try await service.deployed(farm.commit(["n": "\(number)"]))
                return done.reload?.refusal ?? ""
            }
            try run("ln", ["-s", "/run/nothing", sockets + "/1.sock"]).requireSuccess()
            #expect(try await refusal(1).contains("symbolic link"))
            unsafe unlink(sockets + "/1.sock")
            try writeFile(sockets + "/1.sock", "")
            #expect(try await refusal(2).contains("not a socket"))
            unsafe unlink(sockets + "/1.sock")
            try run(
                "python3", ["-c", "import socket, sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])", sockets + "/1.sock"]
            ).requireSuccess()
            #expect(try await refusal(3).contains("no process of the server listens"))
            try run("chown", ["\(farm.uid)", sockets + "/1.sock"]).requireSuccess()
            #expect(try await refusal(4).contains("not the server's user"))
            try run("chmod", ["o+w", sockets]).requireSuccess()
            #expect(try await refusal(5).contains("written by everybody"))
        }
    }

    /// Something that listens as a process of the server would.
    private func stranger(_ answer: String, _ farm: Farm) async throws -> ChildProcess {
        let program = """
            import json, os, socket, sys, threading, time
            directory, answer = sys.argv[1:]
            os.makedirs(directory, mode=0o700, exist_ok=True)
            listener = socket.socket(socket.AF_UNIX)
            listener.bind(f"{directory}/{os.getpid()}.sock")
            listener.listen(8)
            well = {"ok": True, "tier": "same", "modules": [], "paths": [], "python": "/usr/bin/python3"}
            def serve(connection):
                lines = connection.makefile("rb")
                for line in lines:
                    if answer == "LONG": connection.sendall(b"x" * (1 << 20) + b"\\n")
                    elif answer == "ENDLESS":
                        while True: connection.sendall(b" "); time.sleep(0.05)
                    elif answer == "SILENT": time.sleep(1000)
                    elif answer == "END": return connection.close()
                    elif answer == "HOLD":
                        if b"hold" in line: time.sleep(1000)
                        connection.sendall(json.dumps(well).encode() + b"\\n")
                    else: connection.sendall(answer.encode() + b"\\n")
            while True:
                threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()
            """
        let process = try ChildProcess(
            .init(
                "/usr/bin/python3", ["-c", program, farm.root + "/sockets", answer], environment: ["PATH=/usr/bin:/bin"],
                workingDirectory: "/", newSession: true))
        let socket = "\(farm.root)/sockets/\(process.pid).sock"
        try await eventually("it listens") { exists(socket) }
        return process
    }
}
