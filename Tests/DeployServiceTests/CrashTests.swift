import CLinux
import DeployModel
import DeployService
import DeploySteps
import LinuxSystem
import TestSupport
import Testing

/// The daemon is killed as by a power cut, at a point that PINFOLD_FAULT names, and started again.
@Suite(.serialized, .timeLimit(.minutes(10)))
struct CrashTests {
    private func variables(_ further: [String: String]) -> [String: String] {
        [
            "AGENT_DEPLOY_TEST_COMMAND": "echo tested; test ! -e broken", "AGENT_DEPLOY_RELOAD_COMMAND": "true",
            "AGENT_DEPLOY_HEALTH_COMMAND": "! test -e \"$PINFOLD_TARGET/sick\"",
        ].merging(further) { $1 }
    }

    private func untilKilled(
        _ farm: Farm, at point: String, _ further: [String: String] = [:], meanwhile: () throws -> Void = {}
    ) throws {
        try farm.runDaemon(untilKilledAt: point, variables(further), meanwhile: meanwhile)
    }

    private func untilDone(_ farm: Farm, _ further: [String: String] = [:], _ condition: (String) -> Bool) async throws {
        let daemon = try ChildProcess(try farm.daemon(fault: nil, variables(further)))
        do {
            try await eventually("the restarted daemon comes to the same end", within: 60) {
                condition((try? readFile(farm.deployments + "/status.json")) ?? "")
            }
        } catch {
            throw TestFailure("\(error)\n\((try? readFile(farm.deployments + "/status.json")) ?? "no status")")
        }
        try daemon.signal(SIGTERM)
        // Where nothing was left to do the end was on disk before this start, and the signal may come before it is caught.
        let end = try daemon.wait()
        #expect(end == .exited(0) || end == .signaled(SIGTERM))
    }

    private func isDeployed(_ commit: CommitID) -> (String) -> Bool {
        { status in
            let parts = status.split(separator: "\"deployed\" : {")
            guard parts.count == 2 else { return false }
            let rest = parts[1].prefix { $0 != "}" }
            return rest.contains(commit.hex) && !status.contains("\"current\" :")
        }
    }

    /// The points of one step, in order.
    private static func points(of stage: String) -> [String] {
        switch stage {
        case "detected": ["detected:saved"]
        case "sweep": ["sweep:inside"]
        case "switch": ["begin", "before-rename", "inside", "end", "saved"].map { "switch:\($0)" }
        default: ["begin", "inside", "end", "saved"].map { "\(stage):\($0)" }
        }
    }

    private static let stages = [
        "detected", "take_in", "export", "classify", "test", "build_client", "approve", "back_up", "build", "publish_assets",
        "switch", "reload", "publish_index", "check", "sweep",
    ]
    private static let wayBack = ["begin", "inside", "end", "saved"].map { "go_back:\($0)" }
    private static let push = ["begin", "end", "saved"].map { "push:\($0)" }

    @Test(arguments: stages)
    func `killed anywhere in a step it ends the same`(_ stage: String) async throws {
        try await killEverywhere(in: stage, inPlace: false)
    }

    @Test(arguments: ["back_up", "switch", "reload"])
    func `killed anywhere in a step it ends the same, in place`(_ stage: String) async throws {
        try await killEverywhere(in: stage, inPlace: true)
    }

    private func killEverywhere(in stage: String, inPlace: Bool) async throws {
        try await withTemporaryDirectory { root in
            var farm = try Farm(root)
            if inPlace {
                farm.settings.versions.target = root + "/server"
                try makeDirectories(root + "/server")
                try writeFile(root + "/server/own", "kept")
            }
            let first = try farm.commit(["a": "0", "lib/b": "0", "c": "0"])
            try await untilDone(farm, [:], isDeployed(first))
            let target = farm.settings.versions.target
            let points = Self.points(of: stage)
            for (index, point) in points.enumerated() {
                let before = try readFile(target + "/a")
                let after = "\(index + 1)"
                let commit = try farm.commit(["a": after, "lib/b": after, "c": after])
                try untilKilled(farm, at: point)
                if !inPlace {
                    // Old or new, whole.
                    let now = try readFile(target + "/a")
                    #expect(now == before || now == after, "\(point)")
                    #expect(try readFile(target + "/lib/b") == now, "\(point)")
                }
                try await untilDone(farm, [:], isDeployed(commit))
                #expect(try readFile(target + "/a") == after, "\(point)")
                #expect(try readFile(target + "/lib/b") == after, "\(point)")
                #expect(!exists(farm.deployments + "/work/in-place.journal"), "\(point)")
                #expect(!exists(target + "/.pinfold-staging"), "\(point)")
            }
            if inPlace { #expect(try readFile(target + "/own") == "kept") }
            // Each commit once: nothing was tested or deployed twice once it was on record.
            let service = try DeployService(farm.settings)
            let history = try service.history(limit: 200)
            #expect(history.count == points.count + 1)
            #expect(history.allSatisfy { $0.state == .deployed && $0.steps.count { $0.stage == .test } == 1 })
            // What is being removed may be there still: the daemon does not stay for it.
            let left = try run("ls", ["-A", farm.deployments + "/work"]).output.split(separator: "\n")
            #expect(left.allSatisfy { $0.hasPrefix(".discarded-") }, "\(left)")
        }
    }

    @Test(arguments: wayBack + ["check:end"])
    func `killed on the way back it goes all the way back`(_ point: String) async throws {
        try await withTemporaryDirectory { root in
            let farm = try Farm(root)
            let good = try farm.commit(["a": "1"])
            try await untilDone(farm, [:], isDeployed(good))
            _ = try farm.commit(["a": "2", "sick": ""])
            try untilKilled(farm, at: point)
            try await untilDone(farm) { self.isDeployed(good)($0) && $0.contains("rolled_back") }
            #expect(try readFile(farm.settings.versions.target + "/a") == "1")
        }
    }

    @Test(arguments: push)
    func `killed around a push it has pushed in the end`(_ point: String) async throws {
        try await withTemporaryDirectory { root in
            let farm = try Farm(root)
            let remote = root + "/remote.git"
            try run("git", ["init", "-q", "--bare", "-b", "main", remote]).requireSuccess()
            let setting = ["AGENT_DEPLOY_PUSH_REMOTE": remote]
            let commit = try farm.commit(["a": "1"])
            try untilKilled(farm, at: point, setting)
            // What becomes of a push is not in the file that everybody may read.
            func isPushed() -> Bool {
                let told = try? run(Executables.pinfold, ["status", "--json", "--data-root", farm.root + "/agent-data"])
                return told?.output.contains("\"done\" : true") == true
            }
            try await untilDone(farm, setting) { self.isDeployed(commit)($0) && isPushed() }
            #expect(try run("git", ["-C", remote, "rev-parse", "main"]).output.hasPrefix(commit.hex))
        }
    }

    @Test func `killed right after an answer it neither forgets it nor uses it twice`() async throws {
        try await withTemporaryDirectory { root in
            let farm = try Farm(root)
            try await untilDone(farm, [:], isDeployed(farm.commit(["tests/test_a.py": "1"])))
            let commit = try farm.commit(["tests/test_a.py": "2"])
            try await untilDone(farm) { $0.contains("awaiting_approval") }
            try untilKilled(farm, at: "decision:saved") {
                let place = ["AGENT_DATA_ROOT": farm.root + "/agent-data", "AGENT_USER": "\(farm.uid):\(farm.uid)"]
                let clock = ContinuousClock()
                let deadline = clock.now + .seconds(30)
                // The daemon dies while this waits for its answer; before, it may not listen yet.
                while !exists(farm.deployments + "/admin/admin.sock"), clock.now < deadline { pause(milliseconds: 10) }
                _ = try run(
                    Executables.pinfold, ["approve", commit.hex, "--config", emptyConfiguration(in: root)], environment: place)
            }
            try await untilDone(farm, [:], isDeployed(commit))
            let service = try DeployService(farm.settings)
            let deployment = try #require(service.history(limit: 1).first)
            #expect(deployment.commit == commit && deployment.approval?.used != nil)
            #expect(try service.events(limit: 10).count { $0.what.contains("approve") } == 1)
        }
    }

    /// So that a point that is added to the pipeline is not left out here: what it reaches in every kind of deployment is what is
    /// killed at above.
    @Test func `every point that a deployment comes to is one of those at which it was killed`() async throws {
        let stand = Stand()
        for inPlace in [false, true] {
            try await withFarm(
                { farm in
                    farm.settings.build.command = "true"
                    farm.settings.reload.command = "true"
                    farm.settings.health.command = "! test -e \"$PINFOLD_TARGET/sick\""
                    farm.settings.push.remote = farm.root + "/remote.git"
                    try run("git", ["init", "-q", "--bare", "-b", "main", farm.root + "/remote.git"]).requireSuccess()
                    if inPlace {
                        farm.settings.versions.target = farm.root + "/server"
                        try makeDirectories(farm.settings.versions.target)
                    }
                }, fault: stand.fault
            ) { farm, service in
                try await service.deployed(farm.commit(["a": "1", "b": "1", "tests/test_a.py": "1"]))
                let asked = try await service.outcome(of: farm.commit(["a": "2", "b": "2", "tests/test_a.py": "2"]))
                _ = try await service.approve(asked.commit.hex, by: admin)
                try await service.deployed(asked.commit)
                try await eventually("it is pushed") { try service.history(limit: 1).first?.push?.done == true }
                #expect(try await service.outcome(of: farm.commit(["sick": "", "a": "3", "b": "3"])).state == .rolledBack)
            }
        }
        #expect(stand.reached == Set(Self.stages.flatMap(Self.points) + Self.wayBack + Self.push + ["decision:saved"]))
    }
}
