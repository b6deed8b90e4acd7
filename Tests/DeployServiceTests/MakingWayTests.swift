import CLinux
import DeployModel
import DeployService
import DeploySteps
import DurableFiles
import LinuxSystem
import TestSupport
import Testing

/// A way back waits for nothing but a switch under way.
@Suite(.serialized, .timeLimit(.minutes(10)))
struct MakingWayTests {
    @Test func `a rollback is made while any step before the switch stands still, and no such step is left out here`() async throws
    {
        let stand = Stand()
        let stages: [Stage] = [.takeIn, .export, .classify, .test, .buildClient, .approve, .backUp, .build, .publishAssets]
        #expect(Array(Pipeline.commit.map(\.stage).prefix { $0 != .switch }) == stages)
        try await withFarm({ $0.settings.build.command = "true" }, fault: stand.fault) { farm, service in
            defer { stand.goOn() }
            try await service.deployed(farm.commit(["a": "0"]))
            for (number, stage) in stages.enumerated() {
                let left = try farm.commit(["a": "\(number) left"])
                try await service.deployed(left)
                let good = try #require(
                    try service.history(limit: 20).first { $0.wasGood && $0.kind == .commit && $0.commit != left })
                stand.hold(at: stage.rawValue + ":inside")
                let stuck = try farm.commit(["a": "\(number) stuck"])
                try await eventually("it stands in \(stage.rawValue)") { stand.isHeld }
                let hold = try await service.hold(reason: "look", by: admin)
                #expect(hold.reason == "look")
                let back = try await service.rollback(to: good.id, by: admin)
                #expect(try await service.settled(back.id, withinMilliseconds: 30_000).state == .deployed, "\(stage.rawValue)")
                #expect(stand.isHeld, "\(stage.rawValue)")
                #expect(try farm.deployed("a") == readFile(try #require(good.release) + "/a"))
                #expect(try service.history(limit: 20).last { $0.commit == stuck }?.state == .superseded)
                stand.goOn()
                try await service.resume(by: admin)
                // Built on what was just left.
                #expect(try await service.outcome(of: stuck).state == .failed)
                _ = try await service.lift(left.hex, by: admin)
                try await service.deployed(stuck)
            }
        }
    }

    @Test(arguments: [Stage.reload, .check])
    func `a hanging reload or health check is cut short, its version taken away and not deployed again`(_ stage: Stage) async throws
    {
        try await configured { farm in
            // Of the version that says so alone: the way back has the same command.
            let command = "test \"$(cat \"$PINFOLD_RELEASE/a\")\" != hang || sleep 100"
            if stage == .reload { farm.settings.reload.command = command } else { farm.settings.health.command = command }
        }.run { farm, service in
            let good = try farm.commit(["a": "1"])
            try await service.deployed(good)
            let hanging = try farm.commit(["a": "hang"])
            // The version before ended in the last of these stages, too.
            try await eventually("it hangs") {
                try service.history(limit: 1).first.map { $0.commit == hanging && $0.stage == stage } == true
            }
            let back = try await service.rollback(to: nil, by: admin)
            #expect(try await service.settled(back.id, withinMilliseconds: 90_000).state == .deployed)
            #expect(try farm.deployed("a") == "1")
            let ended = try #require(try service.history(limit: 5).first { $0.commit == hanging })
            #expect(
                ended.state == .rolledBack && ended.reason?.contains("a rollback was asked for") == true, "\(ended.reason ?? "")")
            try await eventually("the status says so") {
                let status = try service.status()
                return status.quarantine.map(\.commit) == [hanging] && status.deployed?.commit == good
            }
        }
    }

    @Test func `a way back that hangs gives way to another one that is named`() async throws {
        try await configured { farm in
            farm.settings.reload.command =
                "test \"$(cat \"$PINFOLD_RELEASE/a\")\" != 2 || ! test -e '\(farm.root)/hang' || sleep 100"
        }.run { farm, service in
            let first = try await service.deployed(farm.commit(["a": "1"]))
            try await service.deployed(farm.commit(["a": "2"]))
            try await service.deployed(farm.commit(["a": "3"]))
            try writeFile(farm.root + "/hang", "")
            let stuck = try await service.rollback(to: nil, by: admin)
            try await eventually("it hangs") { try service.show(stuck.id).stage == .reload }
            await #expect(throws: DeployError.self) { _ = try await service.rollback(to: nil, by: admin) }
            let back = try await service.rollback(to: first.id, by: admin)
            #expect(try await service.settled(back.id, withinMilliseconds: 30_000).state == .deployed)
            #expect(try service.show(stuck.id).state == .failed)
            #expect(try farm.deployed("a") == "1")
        }
    }

    @Test func `a rollback during a switch leads back to what ran before it`() async throws {
        let stand = Stand()
        try await withFarm(fault: stand.fault) { farm, service in
            defer { stand.goOn() }
            try await service.deployed(farm.commit(["a": "1"]))
            let good = try farm.commit(["a": "2"])
            try await service.deployed(good)
            stand.hold(at: "switch:inside")
            let switched = try farm.commit(["a": "3"])
            try await eventually("it switches") { stand.isHeld }
            let back = try await service.rollback(to: nil, by: admin)
            #expect(back.commit == good)
            stand.goOn()
            #expect(try await service.settled(back.id, withinMilliseconds: 30_000).state == .deployed)
            #expect(try farm.deployed("a") == "2")
            #expect(try service.history(limit: 5).first { $0.commit == switched }?.state == .rolledBack)
        }
    }

    @Test func `commits and rollbacks go on while what is not needed any more is being removed`() async throws {
        let stand = Stand()
        try await withFarm({ $0.settings.versions.keep = 1 }, fault: stand.fault) { farm, service in
            defer { stand.goOn() }
            let first = try await service.deployed(farm.commit(["a": "1"]))
            stand.hold(at: "sweep:inside")
            for number in 2...4 { try await service.deployed(farm.commit(["a": "\(number)"])) }
            try await eventually("something is to be removed") { stand.isHeld }
            try await eventually("it is out of the way") { try !exists(#require(first.release)) }
            #expect(try run("ls", ["-A", farm.deployments + "/releases"]).output.contains(".discarded-"))
            let back = try await service.rollback(to: nil, by: admin)
            #expect(try await service.settled(back.id, withinMilliseconds: 30_000).state == .deployed)
            #expect(stand.isHeld)
            #expect(try farm.deployed("a") == "3")
            stand.goOn()
            try await eventually("it is removed") {
                try !shell("ls -A releases backups work", workingDirectory: farm.deployments).output.contains(".discarded-")
            }
        }
    }

    @Test func `what a crash left to be removed is removed at the next start`() async throws {
        try await withFarm { farm, service in
            try await service.deployed(farm.commit(["a": "1"]))
            try makeDirectories(farm.deployments + "/releases/9-gone/deep")
            try Tree.discard(farm.deployments + "/releases/9-gone")
            try Tree.discard(farm.deployments + "/releases/9-gone")
            #expect(!exists(farm.deployments + "/releases/9-gone"))
            try await service.deployed(farm.commit(["a": "2"]))
            try await eventually("it is removed") {
                try !run("ls", ["-A", farm.deployments + "/releases"]).output.contains(".discarded-")
            }
        }
    }

    @Test func `a server that does not answer is not waited for once that is called off`() async throws {
        try await withTemporaryDirectory { root in
            let program = """
                import socket, sys, time
                s = socket.socket()
                s.bind(("127.0.0.1", 0))
                s.listen()
                open(sys.argv[1], "w").write(f"{s.getsockname()[1]}\\n")
                time.sleep(100)
                """
            let server = try ChildProcess(.init("python3", ["-c", program, root + "/port"], descriptors: [1: 2, 2: 2]))
            try await eventually("it listens") { (try? readFile(root + "/port"))?.hasSuffix("\n") == true }
            let port = try readFile(root + "/port").filter(\.isNumber)
            let request = try #require(HTTPGet("http://127.0.0.1:\(port)/"))
            let clock = ContinuousClock()
            let start = clock.now
            #expect(throws: HealthProblem.self) {
                _ = try request.answer(withinMilliseconds: 60_000) { clock.now - start > .milliseconds(200) }
            }
            #expect(clock.now - start < .seconds(10))
            try server.signal(SIGKILL)
            _ = try server.wait()
        }
    }
}
