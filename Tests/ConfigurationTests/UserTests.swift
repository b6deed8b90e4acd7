import LinuxSystem
import PinfoldConfiguration
import Testing

@Suite struct `The agent's user` {
    @Test func `is found by name and by number`() throws {
        let daemon = try UserAccount.resolve("daemon")
        #expect(daemon.uid == 1 && daemon.gid == 1 && daemon.name == "daemon")
        #expect(daemon.groups.contains(1))
        #expect(try UserAccount.resolve("1") == daemon)
        #expect(try UserAccount.resolve("1:1") == daemon)
        #expect(try UserAccount.resolve("1:7").groups == [7])
        let unknown = try UserAccount.resolve("345678:345679")
        #expect(unknown == UserAccount(uid: 345678, gid: 345679, name: nil, home: "/", groups: [345679]))
    }

    @Test func `must exist and never be root`() throws {
        #expect(throws: UserAccount.Failure.noSuchUser) { try UserAccount.resolve("no-such-user-here") }
        #expect(throws: UserAccount.Failure.noGroup) { try UserAccount.resolve("345678") }
        for spec in ["", ":", "1:", "a:b", "1:2:3", "4294967295"] {
            #expect(throws: UserAccount.Failure.self, "\(spec)") { try UserAccount.resolve(spec) }
        }
        var configuration = try load(["AGENT_USER": "daemon"])
        #expect(try configuration.agent.account().uid == 1)
        for spec in ["root", "00", "no-such-user-here", "345678"] {
            configuration.agent.user = spec
            let error = #expect(throws: ConfigurationError.self, "\(spec)") { try configuration.agent.account() }
            #expect(error?.variable == "AGENT_USER")
        }
    }
}
