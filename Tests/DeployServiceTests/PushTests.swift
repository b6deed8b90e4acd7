import CLinux
import DeployModel
import DeployService
import DeploySteps
import Foundation
import SystemPackage
import TestSupport
import Testing

@Suite(.serialized, .timeLimit(.minutes(10)))
struct PushTests {
    /// A remote, and a check of the admin's before each push to it.
    private static func asking(_ farm: inout Farm, _ check: String) throws {
        farm.settings.push.remote = farm.root + "/remote.git"
        try run("git", ["init", "-q", "--bare", "-b", "main", farm.root + "/remote.git"]).requireSuccess()
        try makeDirectories(farm.deployments + "/hooks")
        try writeFile(
            farm.deployments + "/hooks/pre-push", "#!/bin/sh\n\(check)\n", mode: [.ownerReadWriteExecute])
    }

    @Test func `the admin's check comes before a push, its refusal is shown, and the push is tried again until it agrees`()
        async throws
    {
        try await configured { farm in
            try Self.asking(
                &farm,
                """
                read line; echo "$1 $line $(git log -1 --format=%s)" >> '\(farm.root)/asked'
                test -e '\(farm.root)/agreed' || { echo not yet; exit 1; }
                """)
        }.run { farm, service in
            let commit = try farm.commit(["a": "1"])
            try await service.deployed(commit)
            try await eventually("the refusal is shown") {
                let shown = try service.history(limit: 1).first?.push?.error
                let warnings = try service.status().warnings
                return shown?.contains("not yet") == true && warnings.contains { $0.contains("not yet") }
            }
            // Everybody may read the file, and what was said at the remote is the admin's alone.
            let written = try DeployJSON.decode(StatusDocument.self, from: Data(readBytes(farm.deployments + "/status.json")))
            #expect(written.last?.commit == commit && written.last?.push == nil && written.warnings.isEmpty, "\(written)")
            // It undoes nothing, and nothing was sent.
            #expect(try service.history(limit: 1).first?.state == .deployed)
            #expect(try run("git", ["-C", farm.root + "/remote.git", "for-each-ref"]).output.isEmpty)
            try writeFile(farm.root + "/agreed", "")
            try await eventually("it is pushed", within: 60) { try service.history(limit: 1).first?.push?.done == true }
            // At least one was refused; a busy machine takes long enough for more.
            let attempts = try #require(try service.history(limit: 1).first?.push?.attempts)
            #expect(attempts >= 2)
            #expect(try run("git", ["-C", farm.root + "/remote.git", "rev-parse", "main"]).output.hasPrefix(commit.hex))
            let zeros = String(repeating: "0", count: 40)
            let asked = try readFile(farm.root + "/asked").split(separator: "\n")
            #expect(asked.count == attempts)
            #expect(asked.allSatisfy { $0.hasPrefix("\(farm.root)/remote.git refs/heads/main \(commit) refs/heads/main \(zeros)") })
        }
    }

    @Test func `a check that others can write is not run, and a password in the address is nowhere on disk`() async throws {
        try await configured { farm in
            farm.settings.push.remote = "https://pusher:open%20sesame@127.0.0.1:1/x.git"
            try makeDirectories(farm.deployments + "/hooks")
            try writeFile(farm.deployments + "/hooks/pre-push", "#!/bin/sh\ntouch '\(farm.root)/ran'\n")
            try run("chmod", ["777", farm.deployments + "/hooks/pre-push"]).requireSuccess()
        }.run { farm, service in
            try await service.deployed(farm.commit(["a": "1"]))
            try await eventually("the hook is refused") {
                try service.history(limit: 1).first?.push?.error?.contains("written by others") == true
            }
            #expect(!exists(farm.root + "/ran"))
            unsafe unlink(farm.deployments + "/hooks/pre-push")
            try await eventually("the remote is away", within: 60) {
                try service.history(limit: 1).first?.push?.error?.contains("cannot push to https://…@127.0.0.1:1/x.git") == true
            }
            let found = try run("grep", ["-rla", "sesame", farm.deployments])
            #expect(found.output.isEmpty, "\(found.output)")
        }
    }

    @Test func `what is deployed during a push is pushed after it`() async throws {
        try await configured { farm in
            try Self.asking(&farm, "touch '\(farm.root)/asked'; while ! test -e '\(farm.root)/agreed'; do sleep 0.05; done")
        }.run { farm, service in
            try await service.deployed(farm.commit(["a": "1"]))
            try await eventually("it is being pushed") { exists(farm.root + "/asked") }
            let second = try farm.commit(["a": "2"])
            try await service.deployed(second)
            try writeFile(farm.root + "/agreed", "")
            try await eventually("the second is pushed too") { try service.history(limit: 1).first?.push?.done == true }
            #expect(try run("git", ["-C", farm.root + "/remote.git", "rev-parse", "main"]).output.hasPrefix(second.hex))
        }
    }
}
