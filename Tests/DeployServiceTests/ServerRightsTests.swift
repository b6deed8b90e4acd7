import DataRoot
import DeployModel
import DeployService
import DeploySteps
import LinuxSystem
import TestSupport
import Testing

@Suite(.serialized, .timeLimit(.minutes(10)))
struct ServerRightsTests {
    @Test func `the state warns of a server that has root's rights or the agent's, for as long as it runs`() async throws {
        try await configured { _ in }.run { farm, service in
            _ = try await service.deployed(farm.commit(["a": "1"]))
            func warnings() throws -> [String] { try service.status().warnings.filter { $0.contains("runs what is deployed") } }
            #expect(try warnings() == [])
            for (user, words) in [(0, "as root"), (farm.uid, "as the agent's own user"), (4711, nil)] as [(UInt32, String?)] {
                let server = try ChildProcess(
                    .init(
                        "setpriv", ["--reuid=\(user)", "--regid=\(user)", "--clear-groups", "sleep", "100"],
                        workingDirectory: farm.settings.versions.target, descriptors: [:]))
                try await eventually("it runs") { try readFile("/proc/\(server.pid)/comm") == "sleep\n" }
                try await eventually("what it is has been said") {
                    guard let words else { return try warnings() == [] }
                    return try warnings().contains { $0.contains("process \(server.pid) (sleep, ") && $0.contains(words) }
                }
                // Programs that read the file are told as well.
                if let words {
                    try await eventually("it is in the file") { try readFile(farm.settings.data.status).contains(words) }
                }
                try server.signal(9)
                _ = try server.wait()
                try await eventually("it is no longer said") { try warnings() == [] }
            }
        }
    }
}
