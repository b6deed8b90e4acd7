import CLinux
import DeployModel
import DeployService
import DeploySteps
import LinuxSystem
import TestSupport
import Testing

@Suite(.serialized, .timeLimit(.minutes(5)))
struct HealthTests {
    /// Sends these bytes to whoever connects, once it has asked, and says its port in a file.
    private func withServer(_ answer: String, in root: String, _ body: (String) async throws -> Void) async throws {
        let script = """
            import os, socket, sys
            s = socket.socket(); s.bind(("127.0.0.1", 0)); s.listen(20)
            open(sys.argv[1] + ".new", "w").write(str(s.getsockname()[1])); os.rename(sys.argv[1] + ".new", sys.argv[1])
            while True:
                c, _ = s.accept(); c.recv(4096)
                for piece in sys.argv[2].encode().decode("unicode_escape").split("|"):
                    c.sendall(piece.encode())
                c.close()
            """
        let place = root + "/port"
        let server = try ChildProcess(
            .init("/usr/bin/python3", ["-c", script, place, answer], environment: mergedEnvironment([:])))
        let outcome: Result<Void, any Error>
        do {
            try await eventually("the server listens") { exists(place) }
            outcome = .success(try await body("http://127.0.0.1:\(try readFile(place))/health"))
        } catch {
            outcome = .failure(error)
        }
        try server.signal(SIGKILL)
        _ = try server.wait()
        try outcome.get()
    }

    @Test(arguments: [
        (#"HTTP/1.1 200 OK\r\n\r\n"#, 200), (#"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n|HTTP/1.1 200 OK\r\n\r\nok"#, 200),
        (#"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n|HTTP/1.1 103 x\r\n|\r\n|HTTP/1.1 503 No\r\n\r\n"#, 503),
        (
            #"HTTP/1.1 103 Early Hints\r\nX-Pinfold-Commit: 1111111\r\n\r\nHTTP/1.1 204 No\r\nX-Pinfold-Commit: 2222222\r\n\r\n"#,
            204
        ),
        (#"HTTP/1.1 101 Switching Protocols\r\n\r\nHTTP/1.1 200 OK\r\n\r\n"#, 101),
    ])
    func `an interim answer is none`(_ bytes: String, _ status: Int) async throws {
        try await withTemporaryDirectory { root in
            try await withServer(bytes, in: root) { url in
                let answer = try #require(HTTPGet(url)).answer(withinMilliseconds: 10_000)
                #expect(answer.status == status)
                #expect(answer.commit == (status == 204 ? "2222222" : nil))
            }
        }
    }

    @Test(arguments: [
        #"HTTP/1.1 103 Early Hints\r\n\r\n"#, #"HTTP/1.1 2000 OK\r\n\r\n"#, #"HTTP/1.1 20\r\n\r\n"#, #"HTTP/1.1 200 OK\r\nLink: x"#,
        #"SSH-2.0\r\n\r\n"#,
    ])
    func `what never comes to an answer is none`(_ bytes: String) async throws {
        try await withTemporaryDirectory { root in
            try await withServer(bytes, in: root) { url in
                let request = try #require(HTTPGet(url))
                #expect(throws: HealthProblem.self) { try request.answer(withinMilliseconds: 10_000) }
            }
        }
    }

    /// Healthy is a server beside which lies no file `ill`, and each look is counted.
    private static func watched(_ farm: inout Farm) {
        farm.settings.health.command = "echo >> '\(farm.root)/looks'; ! test -e '\(farm.root)/ill'"
        farm.settings.health.patience = 300
        farm.settings.health.interval = 50
    }

    private func warning(_ service: DeployService) throws -> String? {
        try service.status().warnings.first { $0.contains("not healthy") }
    }

    @Test func `a server that falls ill later is told of, until it is well again, and stays`() async throws {
        try await withFarm(Self.watched) { farm, service in
            try await service.deployed(farm.commit(["a": "1"]))
            try await service.deployed(farm.commit(["a": "2"]))
            let looks = try readFile(farm.root + "/looks").count
            try await eventually("it is looked at again and again") { try readFile(farm.root + "/looks").count > looks + 4 }
            #expect(try warning(service) == nil)
            try writeFile(farm.root + "/ill", "")
            try await eventually("the status tells") { try warning(service) != nil }
            #expect(try warning(service)?.contains("pinfold reload") == true)
            #expect(try farm.deployed("a") == "2")
            #expect(try service.history(limit: 10).count == 2)
            unsafe unlink(farm.root + "/ill")
            try await eventually("and that it is over") { try warning(service) == nil }
            let events = try service.events(limit: 10).filter { $0.who == "health watch" }.map(\.outcome)
            #expect(events.count == 2 && events[0] == "healthy again" && events[1].contains("exit code 1"), "\(events)")
        }
    }

    @Test func `one bad answer among good ones is no illness`() async throws {
        try await configured { farm in
            Self.watched(&farm)
            // Every second look is bad.
            farm.settings.health.command =
                "echo >> '\(farm.root)/looks'; ! test -e '\(farm.root)/flutter' || test $(($(wc -l < '\(farm.root)/looks') % 2)) = 0"
        }.run { farm, service in
            try await service.deployed(farm.commit(["a": "1"]))
            try writeFile(farm.root + "/flutter", "")
            let looks = try readFile(farm.root + "/looks").count
            try await eventually("it is looked at often") { try readFile(farm.root + "/looks").count > looks + 20 }
            #expect(try service.events(limit: 10).filter { $0.who == "health watch" }.isEmpty)
        }
    }

    @Test func `a server that falls ill later is taken back where that is configured, and its commit is quarantined`() async throws
    {
        try await configured { farm in
            Self.watched(&farm)
            farm.settings.health.illness = .rollback
            farm.settings.health.command = "! test -e '\(farm.root)/ill' || ! grep -q 2 \"$PINFOLD_TARGET/a\""
        }.run { farm, service in
            let good = try farm.commit(["a": "1"])
            try await service.deployed(good)
            let bad = try farm.commit(["a": "2"])
            try await service.deployed(bad)
            try writeFile(farm.root + "/ill", "")
            try await eventually("it is taken back") { try service.status().deployed?.commit == good }
            try await eventually("and it says why") {
                try service.history(limit: 5).first { $0.commit == bad }?.reason?.contains("not healthy since") == true
            }
            try await eventually("the status says so") { try service.status().quarantine.map(\.commit) == [bad] }
            #expect(try farm.deployed("a") == "1")
            #expect(try service.history(limit: 1).first?.requestReason?.contains("exit code 1") == true)
        }
    }

    @Test func `where the version before is as ill, the newer one comes back and stays, and nothing is quarantined`() async throws {
        try await configured { farm in
            Self.watched(&farm)
            farm.settings.health.illness = .rollback
        }.run { farm, service in
            try await service.deployed(farm.commit(["a": "1"]))
            let newer = try farm.commit(["a": "2"])
            try await service.deployed(newer)
            try writeFile(farm.root + "/ill", "")
            try await eventually("it has been tried") {
                try service.history(limit: 1).first.map { $0.kind != .commit && $0.state == .failed } == true
            }
            // It stays ill, and is told of, but not tried again.
            try await eventually("the status tells") { try warning(service)?.contains("pinfold reload") == true }
            #expect(try farm.deployed("a") == "2")
            #expect(try service.status().quarantine.isEmpty)
            #expect(try service.history(limit: 10).count == 3)
        }
    }

    @Test func `nobody is taken back during a hold`() async throws {
        try await configured { farm in
            Self.watched(&farm)
            farm.settings.health.illness = .rollback
        }.run { farm, service in
            try await service.deployed(farm.commit(["a": "1"]))
            try await service.deployed(farm.commit(["a": "2"]))
            _ = try await service.hold(reason: "at work", by: admin)
            try writeFile(farm.root + "/ill", "")
            try await eventually("the status tells") { try warning(service) != nil }
            #expect(try service.history(limit: 10).count == 2)
        }
    }

    @Test func `a failing check quarantines nothing where the way back fails it too`() async throws {
        try await withFarm(Self.watched) { farm, service in
            try await service.deployed(farm.commit(["a": "1"]))
            try writeFile(farm.root + "/ill", "")
            let commit = try farm.commit(["a": "2"])
            let outcome = try await service.outcome(of: commit)
            #expect(outcome.state == .failed && outcome.reason?.contains("not well either") == true)
            #expect(try service.status().quarantine.isEmpty)
            unsafe unlink(farm.root + "/ill")
            let again = try await service.deploy(DeployActionRequest(commitMessage: "again"), by: admin)
            #expect(again.commit == commit)
            #expect(try await service.settled(again.id, withinMilliseconds: 60_000).state == .deployed)
        }
    }

    @Test func `a look that hangs holds nothing up`() async throws {
        try await configured { farm in
            Self.watched(&farm)
            farm.settings.health.command = "echo >> '\(farm.root)/looks'; test -e '\(farm.root)/quick' || sleep 20"
        }.run { farm, service in
            try writeFile(farm.root + "/quick", "")
            try await service.deployed(farm.commit(["a": "1"]))
            unsafe unlink(farm.root + "/quick")
            let looks = try readFile(farm.root + "/looks").count
            try await eventually("a look hangs") { try readFile(farm.root + "/looks").count > looks }
            let clock = ContinuousClock()
            let start = clock.now
            _ = try await service.hold(reason: "look", by: admin)
            try await service.resume(by: admin)
            #expect(clock.now - start < .seconds(10))
            try writeFile(farm.root + "/quick", "")
            try await service.deployed(farm.commit(["a": "2"]))
            #expect(clock.now - start < .seconds(18))
        }
    }
}
