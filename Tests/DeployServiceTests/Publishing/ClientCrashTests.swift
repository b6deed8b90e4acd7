import CLinux
import DeployModel
import DeployService
import DeploySteps
import LinuxSystem
import TestSupport
import Testing

/// The daemon killed between any two changes of what is served, and with no room left for them.
@Suite(.serialized, .timeLimit(.minutes(10)))
struct ClientCrashTests {
    private func untilKilled(_ farm: Farm, at point: String) throws {
        try farm.runDaemon(
            untilKilledAt: point,
            [
                "AGENT_DEPLOY_TEST_COMMAND": "true", "AGENT_DEPLOY_CLIENT_BUILD_COMMAND": "sh build.sh",
                "AGENT_DEPLOY_CLIENT_PUBLIC": farm.settings.clientPublic, "AGENT_DEPLOY_HEALTH_SOAK": "0",
                "AGENT_DEPLOY_HEALTH_TIMEOUT": "1", "AGENT_DEPLOY_HEALTH_COMMAND": "! test -e \"$PINFOLD_TARGET/sick\"",
            ])
    }

    private static func crashing(_ farm: inout Farm) {
        ClientFarm.make(&farm)
        farm.settings.health.command = "! test -e \"$PINFOLD_TARGET/sick\""
    }

    @Test func `killed between any two renames no page names what is missing, and it ends the same`() async throws {
        try await withTemporaryDirectory { root in
            var farm = try Farm(root)
            Self.crashing(&farm)
            let ready = farm
            try await withService(ready) { try await $0.deployed(ready.commit(ClientFarm.files("0"))) }
            var points = [
                "build_client:built", "publish_assets:inside", "publish:asset-0", "publish:asset-1", "publish_index:inside",
            ]
            points += (0...1).map { "publish:page-\($0)" } + ["publish_index:end", "publish_index:saved"]
            for (number, point) in points.enumerated() {
                let commit = try farm.commit(ClientFarm.files("\(number + 1)"))
                try untilKilled(farm, at: point)
                #expect(throws: Never.self, "\(point)") { try ClientFarm.chunk(ready) }
                try await withService(ready) { try await $0.deployed(commit) }
                #expect(try ClientFarm.says("\(number + 1)", farm), "\(point)")
                #expect(try ClientFarm.names(farm).allSatisfy { !$0.hasPrefix(".") }, "\(point)")
            }
        }
    }

    @Test func `killed on the way back it goes all the way back`() async throws {
        try await withTemporaryDirectory { root in
            var farm = try Farm(root)
            Self.crashing(&farm)
            let ready = farm
            let good = try farm.commit(ClientFarm.files("good"))
            try await withService(ready) { try await $0.deployed(good) }
            let ways = [
                ["go_back:begin"], ["publish:page-1"], ["go_back:begin", "publish:page-0"], ["go_back:begin", "publish:page-1"],
                ["go_back:inside"],
            ]
            for (number, points) in ways.enumerated() {
                // What contains a commit that was rolled back, and does not revert it, is not deployed.
                if number > 0 { try farm.git("revert", "--no-edit", "HEAD") }
                let commit = try farm.commit(ClientFarm.files("sick \(number)").merging(["sick": "\(number)"]) { $1 })
                for point in points {
                    try untilKilled(farm, at: point)
                    #expect(throws: Never.self, "\(points)") { try ClientFarm.chunk(ready) }
                }
                try await withService(ready) { service in
                    let outcome = try await service.outcome(of: commit)
                    #expect(outcome.state == .rolledBack, "\(points): \(outcome.reason ?? "")")
                }
                #expect(try ClientFarm.says("good", farm), "\(points)")
            }
        }
    }

    @Test func `a disk with no room leaves the old client whole`() async throws {
        try await withTemporaryDirectory { root in
            var farm = try Farm(root)
            Self.crashing(&farm)
            farm.settings.client.publicDirectory = root + "/small"
            let ready = farm
            try makeDirectories(root + "/small")
            try run("mount", ["-t", "tmpfs", "-o", "size=3m,mode=755", "tmpfs", root + "/small"]).requireSuccess()
            defer { _ = try? run("umount", ["-l", root + "/small"]) }
            try await withService(ready) { service in
                try await service.deployed(ready.commit(ClientFarm.files("one")))
                let assets = "head -c 5000000 /dev/urandom > dist/assets/large-0123456789ab.bin"
                let early = try await service.outcome(of: ready.commit(ClientFarm.files("two", more: assets)))
                #expect(early.state == .failed && early.stage == .publishAssets, "\(early.stage)")
                #expect(early.advice?.contains("free space") == true, "\(early.advice ?? "")")
                #expect(try ClientFarm.says("one", ready))
                let page = "head -c 5000000 /dev/urandom > dist/large.bin"
                let late = try await service.outcome(of: ready.commit(ClientFarm.files("three", more: page)))
                #expect(late.state == .rolledBack && late.isBlameless == true, "\(late.state) \(late.reason ?? "")")
                #expect(try ClientFarm.says("one", ready))
                #expect(!exists(root + "/small/large.bin"))
                try await service.deployed(ready.commit(ClientFarm.files("four")))
                #expect(try ClientFarm.says("four", ready))
            }
        }
    }
}
