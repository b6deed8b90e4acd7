import AdminInterface
import DeployModel
import LinuxSystem
import TestSupport
import Testing

/// The commands against a server over a fake service: what they ask for, what they print, what they end with.
@Suite(.timeLimit(.minutes(10))) struct DeployCommandTests {
    private let service = FakeService(Samples.deployment(3, .deployed), Samples.wholeDeployment)

    private func withLive(_ body: (LiveServer) async throws -> Void) async throws {
        try await withTemporaryDirectory { directory in
            let live = try LiveServer(dataRoot: directory)
            try await live.serving(service) { try await body(live) }
        }
    }

    @Test func `without a daemon every command ends with 4 and says what to do`() async throws {
        try await withTemporaryDirectory { directory in
            let live = try LiveServer(dataRoot: directory)
            for arguments in [["status"], ["resume"], ["deploy", "--message", "m"], ["show", "3"]] {
                let finished = try await onThread {
                    try run(Executables.pinfold, arguments, environment: ["AGENT_DATA_ROOT": live.dataRoot], workingDirectory: "/")
                }
                #expect(finished.status == .exited(4), "\(finished)")
                #expect(finished.errors.contains("pinfold deployd"), "\(finished)")
                #expect(finished.output.isEmpty)
            }
        }
    }

    @Test func `status says whose turn it is and how to answer`() async throws {
        service.change { state in
            state.status = Samples.wholeStatus
            state.status.current?.state = .awaitingApproval
        }
        try await withLive { live in
            let finished = try await live.pinfold("status")
            #expect(finished.status == .exited(0), "\(finished)")
            for words in [
                "pinfold approve \(Samples.commit)", "changes what judges the agent's work", "a holiday",
                "'pinfold resume' ends it",
                "'pinfold lift \(Samples.other.short)' ends it", "tests are required", "the disk is full", "conftest.py",
            ] { #expect(finished.output.contains(words), "\(words) in\n\(finished.output)") }
            let json = try await live.pinfold("status", "--json")
            #expect(
                try DeployJSON.decode(StatusDocument.self, from: .init(json.output.utf8)) == service.state.withLock { $0.status })
        }
    }

    @Test func `what the agent wrote cannot steer a terminal or write a line of its own`() async throws {
        service.change { state in
            state.deployments[7]?.subject = "\u{1b}[2Jx\nwaiting  nobody\u{202e}"
            state.output = "line\n\u{1b}]0;title\u{7}\r\n"
            state.change = Array("+\u{1b}[31mred\n".utf8)
        }
        try await withLive { live in
            for command in ["show", "logs", "diff"] {
                let finished = try await live.pinfold(command, "7")
                #expect(finished.status == .exited(0), "\(finished)")
                #expect(
                    !finished.output.unicodeScalars.contains { $0 == "\u{1b}" || $0 == "\u{7}" || $0 == "\r" || $0 == "\u{202e}" })
                #expect(finished.output.contains("\\u{1b}"), "\(finished)")
                #expect(!finished.output.split(separator: "\n").contains { $0.hasPrefix("waiting  nobody") })
            }
            #expect(try await live.pinfold("history").output.contains("\\nwaiting"))
            #expect(try await live.pinfold("diff", "7", "--raw").output == "+\u{1b}[31mred\n")
        }
    }

    @Test func `a deployment is named by its number or by the beginning of its commit`() async throws {
        service.change { state in
            state.deployments[3] = Deployment(id: 3, kind: .commit, commit: Samples.other, detected: Samples.moment)
        }
        try await withLive { live in
            let byCommit = try await live.pinfold("show", Samples.other.short, "--json")
            #expect(try DeployJSON.decode(Deployment.self, from: .init(byCommit.output.utf8)).id == 3)
            #expect(try await live.pinfold("show", "ffffffff").status == .exited(1))
            #expect(try await live.pinfold("show", "99").status == .exited(1))
            #expect(try await live.pinfold("show", "no").status == .exited(2))
        }
    }

    @Test func `a beginning that several commits share is refused`() async throws {
        let near = try #require(CommitID("0123456789abcdef" + String(repeating: "f", count: 24)))
        service.change { $0.deployments[4] = Deployment(id: 4, kind: .commit, commit: near, detected: Samples.moment) }
        try await withLive { live in
            let finished = try await live.pinfold("show", "0123456789")
            #expect(finished.status == .exited(2), "\(finished)")
            #expect(finished.errors.contains("give more digits"), "\(finished)")
        }
    }

    @Test func `answers reach the daemon`() async throws {
        try await withLive { live in
            for arguments in [
                ["approve", Samples.commit.short], ["reject", Samples.commit.hex, "--reason", "no"], ["lift", Samples.other.short],
                ["hold", "--reason", "a holiday"], ["resume"], ["rollback", "3"], ["rollback"], ["reload"],
            ] {
                let finished = try await onThread {
                    try run(Executables.pinfold, arguments, environment: ["AGENT_DATA_ROOT": live.dataRoot], workingDirectory: "/")
                }
                #expect(finished.status == .exited(0), "\(finished)")
            }
            #expect(
                service.calls == [
                    "approve 0123456789ab by admin 0", "reject \(Samples.commit) 'no' by admin 0", "lift 89abcdef0123 by admin 0",
                    "hold 'a holiday' by admin 0", "resume by admin 0", "rollback 3 by admin 0", "rollback - by admin 0",
                    "reload by admin 0",
                ])
            #expect(try await live.pinfold("reject", Samples.commit.hex).status == .exited(2))
            #expect(try await live.pinfold("approve", "012345").status == .exited(2))
        }
    }

    @Test(arguments: [
        (DeploymentState.deployed, 0 as Int32), (.failed, 1), (.rejected, 1), (.superseded, 1), (.rolledBack, 1),
        (.awaitingApproval, 3),
    ])
    func `deploy waits and ends as the deployment did`(state: DeploymentState, code: Int32) async throws {
        service.change { $0.deployments[8] = Samples.deployment(8, .testing) }
        try await withLive { live in
            async let finished = live.pinfold("deploy", "--message", "m", "--json")
            try await eventually("it is asked for") { !service.calls.isEmpty }
            service.change { state in state.deployments[8]?.state = .backingUp }
            service.change { $0.deployments[8]?.state = state }
            let ended = try await finished
            #expect(ended.status == .exited(code), "\(ended)")
            #expect(ended.output.contains("\"commit_hash\" : \"\(Samples.commit)\""), "\(ended)")
            #expect(ended.output.contains("\"deployed\" : \(state == .deployed)"), "\(ended)")
        }
    }

    @Test func `deploy without waiting returns at once`() async throws {
        service.change { $0.deployments[8] = Samples.deployment(8, .testing) }
        try await withLive { live in
            let finished = try await live.pinfold("deploy", "-m", "m", "--no-wait")
            #expect(finished.status == .exited(0), "\(finished)")
            #expect(finished.output.contains("deployment 8"), "\(finished)")
        }
    }

    @Test func `deploy under a hold is a human's turn`() async throws {
        service.change { state in
            state.deployments[8] = Samples.deployment(8)
            state.status.hold = Samples.hold
        }
        try await withLive { live in
            let finished = try await live.pinfold("deploy", "-m", "m")
            #expect(finished.status == .exited(3), "\(finished)")
            #expect(finished.errors.contains("a holiday"), "\(finished)")
        }
    }

    @Test func `the agent deploys and reads the status by its own socket, and nothing else`() async throws {
        service.change { $0.deployments[8] = Samples.deployment(8, .deployed) }
        try await withLive { live in
            let deployed = try await live.pinfold("deploy", "-m", "m", "--json", as: agentID)
            #expect(deployed.status == .exited(0), "\(deployed)")
            #expect(service.calls == ["deploy 'm' by agent \(agentID)"])
            #expect(try await live.pinfold("status", as: agentID).status == .exited(0))
            let forced = try await live.pinfold("deploy", "-m", "m", "--force", as: agentID)
            #expect(forced.status == .exited(1), "\(forced)")
            #expect(forced.errors.contains("admin's alone"), "\(forced)")
            let approved = try await live.pinfold("approve", Samples.commit.hex, as: agentID)
            #expect(approved.status == .exited(1), "\(approved)")
            #expect(service.calls.count == 1)
            #expect(service.events.count == 2)
        }
    }

    @Test func `what was refused is in the history's events`() async throws {
        service.record(Event(at: Samples.moment, who: "agent", what: "deploy with force\u{1b}", outcome: "refused"))
        try await withLive { live in
            let finished = try await live.pinfold("history", "--events")
            #expect(finished.output.contains("deploy with force\\u{1b}"), "\(finished)")
            let json = try await live.pinfold("history", "--events", "--json")
            #expect(try DeployJSON.decode(EventList.self, from: .init(json.output.utf8)).events.count == 1)
        }
    }

    @Test func `logs follows until the deployment has ended`() async throws {
        service.change { state in
            state.output = "one\n"
            state.outputIsComplete = false
        }
        try await withLive { live in
            async let finished = live.pinfold("logs", "7", "--follow")
            try await Task.sleep(for: .milliseconds(100))
            service.change { state in
                state.output += "two\n"
                state.outputIsComplete = true
            }
            #expect(try await finished.output == "one\ntwo\n")
        }
    }
}
