import CommandLineSupport
import PinfoldConfiguration
import TestSupport
import Testing

@testable import PinfoldCommands

/// Who may write the server's directories, as `pinfold init` looks at it.
@Suite struct DirectoryStructureTests {
    private func inspect(_ data: String, as account: UserAccount?) throws {
        let configuration = try Configuration.load(
            environment: ["AGENT_DATA_ROOT": data], file: nil, workingDirectory: "/")
        try DirectoryStructure(configuration, account: account).inspect()
    }

    @Test func `a directory that any group of the agent's may write is refused`() throws {
        try withTemporaryDirectory { directory in
            try shell(
                "mkdir -p data/deployments; chown 0:4711 data/deployments; chmod 775 data/deployments", workingDirectory: directory
            )
            .requireSuccess()
            func agent(_ groups: [UInt32]) -> UserAccount {
                UserAccount(uid: 61_235, gid: 61_235, name: "agent", home: "/", groups: groups)
            }
            let failure = #expect(throws: CommandFailure.self) { try inspect(directory + "/data", as: agent([61_235, 4711])) }
            #expect(failure?.code == .usage && failure?.message.contains("group 4711") == true)
            try inspect(directory + "/data", as: agent([61_235]))
            try inspect(directory + "/data", as: nil)
            // A list in which the group may write has the same rights in its mode.
            try run("setfacl", ["-m", "g:4712:rwx", directory + "/data/deployments"]).requireSuccess()
            for group: UInt32 in [4711, 4712] {
                #expect(throws: CommandFailure.self) { try inspect(directory + "/data", as: agent([61_235, group])) }
            }
        }
    }
}
