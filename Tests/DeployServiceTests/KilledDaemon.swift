import CLinux
import DeployModel
import DeploySteps
import LinuxSystem
import TestSupport

extension Farm {
    /// The daemon as a process of its own, with what tests need and `further` variables.
    func daemon(fault: String?, _ further: [String: String]) throws -> ChildProcess.Command {
        var environment = [
            "AGENT_DATA_ROOT": root + "/agent-data", "AGENT_USER": "\(uid):\(uid)",
            "AGENT_DEPLOY_TARGET": settings.versions.target,
        ]
        environment["PINFOLD_FAULT"] = fault
        environment.merge(further) { $1 }
        return try ChildProcess.Command(
            Executables.deployd, ["--config", emptyConfiguration(in: root)], environment: mergedEnvironment(environment),
            workingDirectory: "/", descriptors: [1: 2, 2: 2])
    }

    /// Runs the daemon until it comes to `point`, where it dies as by a power cut.
    func runDaemon(untilKilledAt point: String, _ further: [String: String], meanwhile: () throws -> Void = {}) throws {
        let daemon = try ChildProcess(try daemon(fault: point, further))
        try meanwhile()
        guard try daemon.ends(withinMilliseconds: 60_000) else {
            try daemon.signal(SIGKILL)
            _ = try daemon.wait()
            throw TestFailure("the daemon never came to \(point)")
        }
        let status = try daemon.wait()
        guard status == .signaled(SIGKILL) else { throw TestFailure("at \(point) the daemon ended with \(status)") }
    }
}
