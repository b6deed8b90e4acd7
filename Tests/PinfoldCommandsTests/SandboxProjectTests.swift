import LinuxSystem
import PinfoldConfiguration
import TestSupport
import Testing

@testable import PinfoldCommands

/// How what is in the sandbox already comes to be of its project.
@Suite(.serialized, .timeLimit(.minutes(10))) struct SandboxProjectTests {
    private let agent = UserAccount(uid: 61_235, gid: 61_235, name: nil, home: "/", groups: [61_235])

    private func join(_ path: String) throws -> Int {
        var walk = SandboxProject(project: 4711, account: agent, root: try Descriptor.open(path, [.readOnly, .directory]))
        try walk.joinAll()
        return walk.joined
    }

    private func project(_ path: String) throws -> UInt32 { try Descriptor.open(path, [.readOnly, .nonBlocking]).project().number }

    @Test func `all of the agent's is in it, however deep, and nothing outside`() throws {
        try withTemporaryDirectory { directory in
            try shell(
                """
                truncate -s 400M image; mkfs.xfs -q image; mkdir disk; mount -o loop image disk; cd disk
                mkdir -p sandbox/a/b outside; echo x > sandbox/a/b/file; echo x > outside/foreign; ln outside/foreign sandbox/foreign
                ln -s ../outside sandbox/way; ln -s ../outside/foreign sandbox/a/link; mkfifo sandbox/fifo; mkdir sandbox/mounted
                deep=sandbox/deep; for n in $(seq 300); do deep=$deep/d; done; mkdir -p $deep; echo x > $deep/file
                chown -hR 61235:61235 sandbox; chown 0:0 outside/foreign; mount -t tmpfs none sandbox/mounted; echo x > sandbox/mounted/file
                """, workingDirectory: directory
            ).requireSuccess()
            defer { _ = try? shell("umount -l disk/sandbox/mounted; umount -l disk", workingDirectory: directory) }
            let sandbox = directory + "/disk/sandbox"
            // The top, a, b and its file; deep, 300 below it and the last one's file. What is mounted over `mounted` keeps the walk out of it.
            #expect(try join(sandbox) == 4 + 302)
            #expect(try join(sandbox) == 0)
            for path in ["", "/a/b", "/a/b/file", "/deep" + String(repeating: "/d", count: 300) + "/file"] {
                #expect(try project(sandbox + path) == 4711)
            }
            for path in ["/outside", "/outside/foreign"] { #expect(try project(directory + "/disk" + path) == 0) }
            // What is moved in from a place that is not of the project crosses over, as to another disk; a kill in the middle is made good.
            try shell("mkdir sandbox/c; echo x > c; chown 61235:61235 c; mv c sandbox/c/c", workingDirectory: directory + "/disk")
                .requireSuccess()
            #expect(try project(sandbox + "/c/c") == 4711)
            #expect(try join(sandbox) == 0)
        }
    }
}
