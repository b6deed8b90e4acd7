import CLinux
import DeployModel
import DeployService
import DeploySteps
import TestSupport
import Testing

@Suite(.serialized, .timeLimit(.minutes(10)))
struct DiskFullTests {
    /// Deployments on a file system of their own, of a few megabytes.
    private func withSmallDisk(
        _ change: (inout Farm) throws -> Void = { _ in }, megabytes: Int = 32, fault: FaultPoint? = nil,
        _ body: @Sendable (Farm, DeployService) async throws -> Void
    ) async throws {
        try await withTemporaryDirectory { root in
            var changed = try Farm(root)
            try makeDirectories(changed.deployments)
            try run("mount", ["-t", "tmpfs", "-o", "size=\(megabytes)m,mode=755", "tmpfs", changed.deployments]).requireSuccess()
            try change(&changed)
            let farm = changed
            do {
                try await withService(farm, fault: fault) { try await body(farm, $0) }
            } catch {
                try run("umount", ["-l", farm.deployments]).requireSuccess()
                throw error
            }
            try run("umount", ["-l", farm.deployments]).requireSuccess()
        }
    }

    @Test func `a version that does not fit fails with a clear reason, the old one runs on, and a smaller one deploys`()
        async throws
    {
        try await withSmallDisk { farm, service in
            try await service.deployed(farm.commit(["a": "1"]))
            try farm.agent("head -c 40000000 /dev/urandom > large; echo 2 > a")
            try farm.git("add", "-A")
            try farm.git("commit", "-q", "-m", "large")
            let outcome = try await service.outcome(of: farm.head())
            #expect(outcome.state == .failed)
            #expect(outcome.reason?.lowercased().contains("space") == true, "\(outcome.reason ?? "")")
            #expect(try farm.deployed("a") == "1")
            try farm.agent("git reset -q --hard HEAD~1 && echo 3 > a && git commit -qam small")
            try await service.deployed(farm.head())
            #expect(try farm.deployed("a") == "3\n")
        }
    }

    @Test func `a disk that is full from the start holds everything up until there is room`() async throws {
        try await withSmallDisk { farm, service in
            try await service.deployed(farm.commit(["a": "1"]))
            _ = try? run("dd", ["if=/dev/zero", "of=\(farm.deployments)/filler", "bs=64k"])
            let commit = try farm.commit(["a": "2"])
            try await eventually("it is said, or the commit has failed") {
                let last = try service.history(limit: 1).first
                return try last?.commit == commit && last?.state == .failed
                    || service.status().warnings.contains { $0.contains("cannot be written") || $0.contains("out of date") }
            }
            #expect(try farm.deployed("a") == "1")
            unsafe unlink(farm.deployments + "/filler")
            // Recorded and failed while it was full, or recorded only now: in both cases the next attempt succeeds.
            let started = try await service.deploy(DeployActionRequest(commitMessage: "again"), by: admin)
            #expect(started.commit == commit)
            let ended = try await service.settled(started.id, withinMilliseconds: 60_000)
            if ended.state != .deployed {
                let again = try await service.deploy(DeployActionRequest(commitMessage: "again"), by: admin)
                #expect(try await service.settled(again.id, withinMilliseconds: 60_000).state == .deployed)
            }
            #expect(try farm.deployed("a") == "2")
        }
    }

    /// Everything that is left of the disk.
    private static func fill(_ farm: Farm) throws {
        _ = try? run("dd", ["if=/dev/zero", "of=\(farm.deployments)/filler", "bs=64k", "oflag=append", "conv=notrunc"])
        _ = try? run(
            "dd", ["if=/dev/zero", "of=\(farm.deployments)/filler", "bs=1", "oflag=append", "conv=notrunc", "count=65536"])
    }

    /// Fills the disk before each step in turn, of a version of two megabytes, more than the reserve gives back. What needs the space says
    /// so and names the step; what does not goes on. Either way the old version or the new one runs, whole, and a further try deploys.
    private func fillBeforeEachStep(needing: Set<Stage>, inPlace: Bool) async throws {
        let stand = Stand()
        try await withSmallDisk(
            { farm in
                farm.settings.versions.keep = 1
                farm.settings.build.command = "true"
                farm.settings.reload.command = "true"
                farm.settings.health.command = "true"
                if inPlace {
                    farm.settings.versions.target = farm.deployments + "/server"
                    try makeDirectories(farm.settings.versions.target)
                }
            }, megabytes: 128, fault: stand.fault
        ) { farm, service in
            defer { stand.goOn() }
            func version(_ number: Int) throws -> CommitID {
                try farm.agent("head -c 2000000 /dev/urandom > large; echo \(number) > a; git add -A; git commit -qm \(number)")
                return try farm.head()
            }
            try await service.deployed(version(0))
            for (number, stage) in Pipeline.commit.map(\.stage).enumerated() {
                stand.hold(at: stage.rawValue + ":begin")
                let commit = try version(number + 1)
                try await eventually("it stands before \(stage.rawValue)") { stand.isHeld }
                try Self.fill(farm)
                stand.goOn()
                let outcome = try await service.outcome(of: commit)
                let now = try farm.deployed("a")
                // The disk stays full but for the reserve, so what stops is one of the next steps that need space.
                let coming = Pipeline.commit.map(\.stage)[number...].filter(needing.contains)
                if !coming.isEmpty {
                    #expect(outcome.state == .failed, "\(stage.rawValue): \(outcome.state.rawValue)")
                    #expect(coming.contains(outcome.stage), "\(stage.rawValue): stopped in \(outcome.stage.rawValue)")
                    let reason = outcome.reason?.lowercased() ?? ""
                    #expect(reason.contains("no space") || reason.contains("nearly full"), "\(stage.rawValue): \(reason)")
                    #expect(outcome.advice?.contains("free space") == true, "\(stage.rawValue): \(outcome.advice ?? "")")
                    #expect(now == "\(number)\n", "\(stage.rawValue)")
                } else {
                    #expect(outcome.state == .deployed, "\(stage.rawValue): \(outcome.reason ?? "")")
                    #expect(now == "\(number + 1)\n", "\(stage.rawValue)")
                }
                unsafe unlink(farm.deployments + "/filler")
                if outcome.state != .deployed {
                    let again = try await service.deploy(DeployActionRequest(commitMessage: "again"), by: admin)
                    #expect(try await service.settled(again.id, withinMilliseconds: 60_000).state == .deployed, "\(stage.rawValue)")
                }
                #expect(try farm.deployed("a") == "\(number + 1)\n")
                let (one, other) = (farm.codeRepo + "/large", farm.settings.versions.target + "/large")
                try run("cmp", [one, other]).requireSuccess()
                // Taken again as soon as there is room, for the next time.
                try await eventually("the reserve is back") {
                    _ = try await service.hold(reason: "look", by: admin)
                    try await service.resume(by: admin)
                    return exists(farm.deployments + "/.reserve")
                }
            }
        }
    }

    @Test func `a disk that fills up before any step is a reason on record, and never half a version`() async throws {
        try await fillBeforeEachStep(needing: [.takeIn, .export, .test, .backUp, .build], inPlace: false)
    }

    @Test func `a disk that fills up before any step of an update in place is a reason on record, and never half a version`()
        async throws
    {
        try await fillBeforeEachStep(needing: [.takeIn, .export, .test, .backUp, .build, .switch], inPlace: true)
    }

    @Test func `tests that fill the disk fail for that reason, and the daemon goes on`() async throws {
        try await withSmallDisk({ $0.settings.tests.command = "test ! -e greedy || head -c 100000000 /dev/zero > big" }) {
            farm, service in
            try await service.deployed(farm.commit(["a": "1"]))
            let outcome = try await service.outcome(of: farm.commit(["a": "2", "greedy": ""]))
            #expect(outcome.state == .failed && outcome.stage == .test)
            #expect(outcome.reason?.contains("nearly full") == true, "\(outcome.reason ?? "")")
            try await service.deployed(farm.commit(["a": "3", "greedy": nil]))
            #expect(try farm.deployed("a") == "3")
        }
    }
}
