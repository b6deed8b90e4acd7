import AuditLog
import CLinux
import LinuxSystem
import SystemPackage
import TestSupport
import Testing

/// Another process takes the view over, which lives on: who uses it waits for a moment and sees no error.
@Suite(.serialized, .timeLimit(.minutes(10)))
struct HandoverTests {
    static let ways = [
        [], ["--code-repo-quota", "500000000", "--sandbox-quota", "500000000,50000"], ["--sandbox-access", "direct"],
    ]

    @Test(arguments: ways) func `processes replace each other, and no client sees an error or a wrong byte`(more: [String])
        async throws
    {
        let prepare = { (directory: String) in
            try makeDirectories(directory + "/source/many")
            for number in 0..<200 { try writeFile("\(directory)/source/many/\(number)", String(repeating: "\(number)", count: 50)) }
            try shell("mkdir -m 700 audit", workingDirectory: directory).requireSuccess()
        }
        let audit = { (directory: String) in ["--audit", directory + "/audit"] }
        try await withTemporaryDirectory { directory in
            try MountedGateway.makeDirectories(in: directory)
            try prepare(directory)
            let replaced = try ReplacedGateway(directory, .init(more: more + audit(directory)))
            let output = Descriptor(
                owning: try check { unsafe pinfold_open(directory + "/said", O_WRONLY | O_CREAT | O_CLOEXEC, 0o644) })
            let clients = try ChildProcess(
                .init(
                    "python3", ["-c", SurvivalTests.clients, directory, "\(MountedGateway.agent.uid)"],
                    descriptors: [1: output.rawValue, 2: output.rawValue]))
            try await eventually("all clients are at work") {
                try run("ls", [directory + "/source/data/sandbox"]).requireSuccess().split(separator: "\n").count == 6
            }
            for round in 0..<8 {
                try replaced.replace()
                #expect(replaced.holder == replaced.gateway.pid)
                guard round == 3 else { continue }
                // A server that is killed is followed by one of the new program's.
                let server = try replaced.gateway.server
                kill(server, SIGKILL)
                try await eventually("another server") {
                    try replaced.gateway.server != replaced.gateway.pid && replaced.gateway.server != server
                }
                #expect(exists(directory + "/view/data"))
            }
            try writeFile(directory + "/stop", "")
            #expect(try clients.ends(withinMilliseconds: 60_000))
            let said = try readFile(directory + "/said")
            #expect(try clients.wait() == .exited(0), "\(said)\n\(replaced.log)")
            kill(replaced.gateway.pid, SIGTERM)
            #expect(try ReplacedGateway.end(of: replaced.gateway.pid) == .exited(0))
            let verification = try AuditReader.verify(directory + "/audit")
            #expect(verification.problem == nil && verification.records > 20, "\(verification)")
            #expect(!exists(replaced.entrance))
        }
    }

    @Test func `what is open stays open, who stands in a directory stays there, and what is beside the view is seen`() async throws
    {
        try await ReplacedGateway.with { replaced in
            let (view, sandbox) = (replaced.directory + "/view", replaced.directory + "/view/data/sandbox")
            let before = try MountTable.read().entries(atOrBelow: view).map(\.id)
            let file = try FileCalls.opened(sandbox + "/file", O_RDWR | O_CREAT)
            let raw = file.rawValue
            try FileCalls.write(file, "before")
            #expect(pinfold_flock(raw) == 0)
            #expect(unsafe unlink(sandbox + "/file") == 0)
            let shell = try ChildProcess(
                .init(
                    "sh", ["-c", "mkdir deep && cd deep && echo ready > a && until [ -e go ]; do sleep 0.01; done; pwd > b"],
                    workingDirectory: sandbox))
            try await eventually("it stands there") { exists(sandbox + "/deep/a") }
            for round in 0..<5 {
                try writeFile(replaced.directory + "/source/beside", "\(round)")
                try await eventually("the change is seen") { try readFile(view + "/beside") == "\(round)" }
                try replaced.replace()
                try FileCalls.write(file, "\(round)", at: Int64(6 + round))
            }
            #expect(try FileCalls.read(file, 11) == "before01234")
            #expect(try file.status().links == 0)
            try writeFile(sandbox + "/deep/go", "")
            #expect(try shell.wait() == .exited(0))
            #expect(try readFile(sandbox + "/deep/b") == sandbox + "/deep\n")
            #expect(try MountTable.read().entries(atOrBelow: view).map(\.id) == before)
        }
    }

    /// What `/proc` says of the rights of a process's threads, and of its descriptors' limit.
    private func rights(of process: Int32) throws -> Set<[Substring]> {
        try threadRights(of: process, and: "Seccomp_filters").union([
            readFile("/proc/\(process)/limits").split(separator: "\n").filter { $0.contains("open files") }
        ])
    }

    @Test func `the new process has the rights of the old, its guard, and no more open`() async throws {
        try await ReplacedGateway.with { replaced in
            func guards() throws -> [String] {
                try run("pgrep", ["-P", "\(replaced.gateway.pid)", "-x", "pinfold-guard"]).output.split(separator: "\n").map(
                    String.init)
            }
            func count() throws -> Int {
                try run("ls", ["/proc/\(replaced.gateway.pid)/fd"]).requireSuccess().split(separator: "\n").count
            }
            let (keeper, server) = try (rights(of: replaced.gateway.pid), rights(of: replaced.gateway.server))
            let (open, first) = try (count(), guards())
            for _ in 0..<3 {
                try replaced.replace()
                try await eventually("as before") {
                    try rights(of: replaced.gateway.pid) == keeper && rights(of: replaced.gateway.server) == server
                }
            }
            #expect(try guards().count == 1 && first.count == 1 && guards() != first)
            try await eventually("the first guard is gone") { !exists("/proc/\(first[0])/exe") }
            try await eventually("no more is open") { try count() <= open + 6 }
            #expect(try !run("setpriv", ["--reuid", "\(MountedGateway.agent.uid)", "ls", replaced.entrance]).status.isSuccess)
        }
    }

    @Test func `a keeper that took a view over and is killed takes it with it, and nobody hangs`() throws {
        try withTemporaryDirectory { directory in
            try MountedGateway.makeDirectories(in: directory)
            let replaced = try ReplacedGateway(directory)
            try replaced.replace()
            let server = try replaced.gateway.server
            kill(server, SIGSTOP)
            kill(replaced.gateway.pid, SIGKILL)
            kill(server, SIGKILL)
            _ = try ReplacedGateway.end(of: replaced.gateway.pid)
            let said = try run("stat", [directory + "/view/data"], seconds: 20).errors
            #expect(said.contains("not connected") || said.contains("connection abort"), "\(said)")
            try run("umount", ["-l", directory + "/view"]).requireSuccess()
        }
    }
}
