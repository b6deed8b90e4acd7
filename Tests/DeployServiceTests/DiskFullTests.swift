import CLinux
import DeployModel
import DeployService
import DeploySteps
import TestSupport
import Testing

@Suite(.serialized, .timeLimit(.minutes(2)))
struct DiskFullTests {
    /// Deployments on a file system of their own, of a few megabytes.
    private func withSmallDisk(_ body: @Sendable (Farm, DeployService) async throws -> Void) async throws {
        try await withTemporaryDirectory { root in
            let farm = try Farm(root)
            try makeDirectories(farm.deployments)
            try run("mount", ["-t", "tmpfs", "-o", "size=32m,mode=755", "tmpfs", farm.deployments]).requireSuccess()
            do {
                try await withService(farm) { try await body(farm, $0) }
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
            try await Task.sleep(for: .milliseconds(1500))
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
}
