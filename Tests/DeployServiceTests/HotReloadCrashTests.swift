import CLinux
import DeployModel
import DeployService
import DeploySteps
import LinuxSystem
import TestSupport
import Testing

/// The daemon killed between any two verbs of its conversation with the server's processes: one connection is one transaction.
@Suite(.serialized, .timeLimit(.minutes(10)))
struct HotReloadCrashTests {
    private static let variables = [
        "AGENT_DEPLOY_TEST_COMMAND": "true", "AGENT_DEPLOY_HEALTH_SOAK": "0", "AGENT_DEPLOY_HEALTH_TIMEOUT": "1",
        "AGENT_DEPLOY_RELOAD_DRAIN": "2", "AGENT_DEPLOY_JUDGE": "false",
    ]

    /// The points in their order, and how many of the two processes have the new version after the daemon's death there.
    private static let points = [
        ("prepare", 0), ("prepare-1", 0), ("hold", 0), ("hold-1", 0), ("swap", 0), ("swap-1", 0), ("keep", 0), ("keep-1", 1),
        ("release", 2), ("release-1", 2),
    ]

    @Test(arguments: [false, true])
    func `killed between any two verbs each process is whole, and the next start ends it`(anew: Bool) async throws {
        try await withTemporaryDirectory { root in
            var farm = try Farm(root)
            HotServer.make(&farm)
            let ready = farm
            let first = try farm.commit(HotServer.files)
            try await withService(ready) { try await $0.deployed(first) }
            let one = try await HotServer.start(ready)
            let other = try await HotServer.start(ready)
            let pids = [one.pid, other.pid]
            defer { for pid in pids { kill(pid, SIGKILL) } }
            var variables = Self.variables
            variables["AGENT_DEPLOY_RELOAD_SOCKET"] = farm.settings.reload.socket
            for (number, (point, count)) in Self.points.enumerated() {
                let before = try pids.map { try HotServer.said(by: $0, ready) }
                // Another word inside the function, or another name in the module as well.
                let mark = anew ? "MARK = \(number)\n" : ""
                let commit = try farm.commit(["srv/words.py": "\(mark)def word():\n    return '\(number)'\n"])
                let after = "\(commit.hex.prefix(7)) \(number)"
                try farm.runDaemon(untilKilledAt: "reload:" + point, variables)
                // Nobody waits behind a gate for a daemon that is gone.
                try await eventually("\(count) processes have it after \(point), and they go on") {
                    try pids.count { try self.goesOn($0, ready) && HotServer.said(by: $0, ready) == after } == count
                        && zip(pids, before).count { try self.goesOn($0, ready) && HotServer.said(by: $0, ready) == $1 }
                            == pids.count - count
                }
                try await withService(ready) { service in
                    let done = try await service.deployed(commit)
                    #expect(done.reload?.processes == 2, "\(point): \(done.reload?.sentence ?? "")")
                }
                for pid in pids { try await HotServer.waitFor("\(number)", commit, by: pid, ready) }
            }
        }
    }

    /// Whether the process has written once more, within the time that ten turns of it take.
    private func goesOn(_ process: Int32, _ farm: Farm) throws -> Bool {
        let file = "\(farm.root)/said.\(process)"
        let first = try inode(file)
        for _ in 0..<10 {
            pause(milliseconds: 10)
            if try inode(file) != first { return true }
        }
        return false
    }

    private func inode(_ file: String) throws -> String { try run("stat", ["-c", "%i %Y %z", file]).output }
}
