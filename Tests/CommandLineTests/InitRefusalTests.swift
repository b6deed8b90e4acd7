import LinuxSystem
import TestSupport
import Testing

/// What `pinfold init` finds and does not take.
@Suite(.timeLimit(.minutes(10)))
struct InitRefusalTests {
    struct Wrong: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let prepare: String
        let names: [String]
    }

    static let wrongThings: [Wrong] = [
        Wrong(testDescription: "a file as the data root", prepare: "echo x > agent-data", names: ["agent-data", "a file"]),
        Wrong(
            testDescription: "a file as logs", prepare: "mkdir agent-data; echo x > agent-data/logs",
            names: ["agent-data/logs", "a file"]),
        Wrong(
            testDescription: "a link as the sandbox", prepare: "mkdir agent-data; ln -s /var/tmp agent-data/sandbox",
            names: ["AGENT_SANDBOX_PATH", "a symbolic link"]),
        Wrong(
            testDescription: "code-repo without a repository",
            prepare: "mkdir -p agent-data/code-repo; echo x > agent-data/code-repo/notes.txt",
            names: ["AGENT_CODE_REPO_PATH", "notes.txt"]),
        Wrong(
            testDescription: "deployments that the agent may write",
            prepare: "mkdir -p agent-data/deployments; chown 54321 agent-data/deployments",
            names: ["agent-data/deployments", "agent"]),
        Wrong(
            testDescription: "deployments that a list lets the agent write",
            prepare: "mkdir -p agent-data/deployments; setfacl -m u:54321:rwx agent-data/deployments",
            names: ["agent-data/deployments", "agent", "access control list"]),
        Wrong(
            testDescription: "a data root that a list lets the agent's group write",
            prepare: "mkdir agent-data; setfacl -m g:54321:rwx agent-data",
            names: ["agent-data", "54321 in its access control list"]),
        Wrong(
            testDescription: "a data root that everybody may write", prepare: "mkdir agent-data; chmod 777 agent-data",
            names: ["agent-data", "777"]),
        Wrong(
            testDescription: "an open door to the admin's socket", prepare: "mkdir -p agent-data/deployments/admin",
            names: ["admin", "700"]),
        Wrong(
            testDescription: "a local clone that shares files with its source",
            prepare: "mkdir agent-data; git clone -q --local project agent-data/code-repo", names: ["code-repo", "shares"]),
        Wrong(
            testDescription: "a device in the sandbox", prepare: "mkdir -p agent-data/sandbox; mknod agent-data/sandbox/null c 1 3",
            names: ["agent-data/sandbox/null", "device"]),
    ]

    @Test(arguments: wrongThings)
    func `something else in its place is an error that says what was found`(_ wrong: Wrong) throws {
        try Installation.with { installation in
            try installation.makeRepository()
            try shell(wrong.prepare, workingDirectory: installation.root).requireSuccess()
            let before = try shell("find agent-data -type f -o -type l | LC_ALL=C sort", workingDirectory: installation.root)
                .requireSuccess()
            let result = try installation.pinfold("init")
            #expect(result.status == .exited(2), "\(result)")
            let line = try #require(result.complaint, "not one line: \(result)")
            for name in wrong.names { #expect(line.contains(name), "\(line)") }
            let after = try shell(
                "find agent-data -type f -o -type l | grep -v '^agent-data/code-repo/.git/' | LC_ALL=C sort",
                workingDirectory: installation.root)
            let kept = before.split(separator: "\n").filter { !$0.hasPrefix("agent-data/code-repo/.git/") }
            // The clone may be whole by then, and what is noted of it.
            let noted = ["agent-data/deployments/baseline", "agent-data/deployments/branch", "agent-data/.gitignore"]
            #expect(
                after.output.split(separator: "\n").filter { !$0.hasPrefix("agent-data/code-repo/") && !noted.contains(String($0)) }
                    == kept.filter { !$0.hasPrefix("agent-data/code-repo/") })
        }
    }

    @Test func `a list that gives the agent nothing to write is the admin's own affair`() throws {
        try Installation.with { installation in
            try installation.makeRepository()
            // The last one gives what the mask takes away.
            try shell(
                """
                mkdir -p agent-data/deployments agent-data/logs; setfacl -m u:54321:rx,u:4711:rwx agent-data/deployments
                setfacl -m u:54321:rwx,m::rx agent-data/logs
                """, workingDirectory: installation.root
            ).requireSuccess()
            try installation.pinfold("init").requireSuccess()
        }
    }

    @Test func `a source that cannot be cloned whole is refused and leaves no clone`() throws {
        try Installation.with { installation in
            try installation.makeRepository()
            try shell(
                """
                git clone -q --depth 1 "file://$PWD/project" shallow
                mkdir empty-place
                """, workingDirectory: installation.root
            ).requireSuccess()
            for (source, word) in [("shallow", "shallow"), ("empty-place", "empty-place"), ("nowhere", "nowhere")] {
                let result = try installation.pinfold("init", changes: ["AGENT_CODE_SOURCE": "\(installation.root)/\(source)"])
                #expect(result.status == .exited(2), "\(source): \(result)")
                #expect(result.complaint?.contains(word) == true, "\(source): \(result)")
                #expect(!exists(installation.codeRepo), "\(source)")
                #expect(!exists("\(installation.data)/.code-repo.pinfold-init"), "\(source)")
            }
        }
    }
}
