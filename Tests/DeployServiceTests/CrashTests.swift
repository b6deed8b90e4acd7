import CLinux
import DeployModel
import DeployService
import DeploySteps
import LinuxSystem
import TestSupport
import Testing

/// The daemon is killed as by a power cut, at a point that PINFOLD_FAULT names, and started again.
@Suite(.serialized, .timeLimit(.minutes(4)))
struct CrashTests {
    private func command(_ farm: Farm, fault: String?) throws -> ChildProcess.Command {
        var environment = [
            "AGENT_DATA_ROOT": farm.root + "/agent-data", "AGENT_USER": "\(farm.uid):\(farm.uid)",
            "AGENT_DEPLOY_TARGET": farm.settings.target,
            "AGENT_DEPLOY_TEST_COMMAND": "echo tested; test ! -e broken",
            "AGENT_DEPLOY_RELOAD_COMMAND": "true", "AGENT_DEPLOY_HEALTH_COMMAND": "! test -e \"$PINFOLD_TARGET/sick\"",
        ]
        environment["PINFOLD_FAULT"] = fault
        return try ChildProcess.Command(
            Executables.deployd, ["--config", emptyConfiguration(in: farm.root)], environment: mergedEnvironment(environment),
            workingDirectory: "/",
            descriptors: [1: 2, 2: 2])
    }

    private func untilKilled(_ farm: Farm, at point: String) throws {
        let daemon = try ChildProcess(try command(farm, fault: point))
        guard try daemon.ends(withinMilliseconds: 60_000) else { throw TestFailure("the daemon never came to \(point)") }
        let status = try daemon.wait()
        guard status == .signaled(SIGKILL) else { throw TestFailure("at \(point) the daemon ended with \(status)") }
    }

    private func untilDone(_ farm: Farm, _ condition: (String) -> Bool) async throws {
        let daemon = try ChildProcess(try command(farm, fault: nil))
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
        case "switch": ["begin", "before-rename", "inside", "end", "saved"].map { "switch:\($0)" }
        default: ["begin", "inside", "end", "saved"].map { "\(stage):\($0)" }
        }
    }

    @Test(arguments: [
        "detected", "take_in", "export", "classify", "test", "approve", "back_up", "build", "switch", "reload", "check",
    ])
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
                farm.settings.target = root + "/server"
                try makeDirectories(root + "/server")
                try writeFile(root + "/server/own", "kept")
            }
            let first = try farm.commit(["a": "0", "lib/b": "0", "c": "0"])
            try await untilDone(farm, isDeployed(first))
            let target = farm.settings.target
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
                try await untilDone(farm, isDeployed(commit))
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
            #expect(try run("ls", ["-A", farm.deployments + "/work"]).output == "")
        }
    }

    @Test(arguments: ["go_back:begin", "go_back:inside", "go_back:end", "check:end"])
    func `killed on the way back it goes all the way back`(_ point: String) async throws {
        try await withTemporaryDirectory { root in
            let farm = try Farm(root)
            let good = try farm.commit(["a": "1"])
            try await untilDone(farm, isDeployed(good))
            _ = try farm.commit(["a": "2", "sick": ""])
            try untilKilled(farm, at: point)
            try await untilDone(farm) { self.isDeployed(good)($0) && $0.contains("rolled_back") }
            #expect(try readFile(farm.settings.target + "/a") == "1")
        }
    }
}
