@testable import AdminWeb
import AdminInterface
import Testing

/// Who gets in: by the kernel's word, the host name, and what the browser says of where it comes from.
struct GateTests {
    private let agent: UInt32 = 990

    private func admits(
        uid: UInt32? = 1000, host: String? = "pabc.localhost:8000", origin: String? = nil, site: String? = "same-origin",
        isPost: Bool = false, port: Int? = 8000
    ) -> Bool {
        let gate = Gate(host: "pabc.localhost", agentUserID: agent)
        let visitor = Visitor(uid: uid, port: port, isPost: isPost, host: host, origin: origin, site: site)
        do {
            try gate.admit(visitor)
            return true
        } catch {
            return false
        }
    }

    @Test func `the session's own browser gets in, by the link and within the page`() {
        #expect(admits() && admits(site: "none") && admits(site: nil))
        #expect(admits(origin: "http://pabc.localhost:8000", isPost: true))
        #expect(admits(origin: "null", site: "same-origin", isPost: true))
    }

    @Test func `the agent, and whoever cannot be told, do not`() {
        #expect(!admits(uid: agent) && !admits(uid: nil) && !admits(port: nil))
        #expect(LoopbackEnd(address: "127.0.0.2", port: 1) == nil && LoopbackEnd(address: "10.0.0.1", port: 1) == nil)
    }

    @Test(arguments: [
        "127.0.0.1:8000", "localhost:8000", "pabc.localhost", "pabc.localhost:8001", "evil.example:8000", "PABC.localhost:8000",
        nil,
    ])
    func `another host name does not`(_ host: String?) { #expect(!admits(host: host)) }

    @Test func `another page does not, and nothing is sent from one`() {
        #expect(!admits(site: "cross-site") && !admits(site: "same-site"))
        for origin in ["http://127.0.0.1:8000", "http://pabc.localhost:8001", "http://x.localhost:8000", "null", nil] as [String?] {
            #expect(!admits(origin: origin, site: nil, isPost: true))
        }
        #expect(!admits(origin: "http://pabc.localhost:8000", site: "same-site", isPost: true))
        #expect(!admits(origin: nil, isPost: true))
    }

    @Test func `the kernel's table says whose a connection is, of either kind of socket`() throws {
        let table = """
              sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
               0: 0100007F:1F40 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1 1 0
               1: 0100007F:1F40 0100007F:C350 01 00000000:00000000 00:00000000 00000000     0        0 2 1 0
               2: 0100007F:C350 0100007F:1F40 01 00000000:00000000 00:00000000 00000000   990        0 3 1 0
               3: 0000000000000000FFFF00000100007F:C351 0000000000000000FFFF00000100007F:1F40 01 00000000:00000000 00:00000000 00000000   991        0 4 1 0
               4: 00000000000000000000000001000000:C352 00000000000000000000000001000000:1F40 01 00000000:00000000 00:00000000 00000000   992        0 5 1 0
               5: 0100007F:C353 0100007F:1F40 05 00000000:00000000 00:00000000 00000000     0        0 0 1 0
               6: 0100007F:C354 0100007F:1F40 06 00000000:00000000 00:00000000 00000000     0        0 0 1 0
            """
        func uid(_ address: String, _ port: Int) throws -> UInt32? {
            let (client, server) = (
                try #require(LoopbackEnd(address: address, port: port)), try #require(LoopbackEnd(address: address, port: 8000))
            )
            return ConnectionOwner.uid(client: client, server: server, in: table)
        }
        let found = [try uid("127.0.0.1", 50000), try uid("127.0.0.1", 50001), try uid("::1", 50002)]
        #expect(found == [990, 991, 992])
        // Closed by its process: the kernel shows 0, which is nobody's word.
        for port in 50003...50005 { #expect(try uid("127.0.0.1", port) == nil) }
    }

    @Test func `a link opens once, in time, and by its own token`() {
        let session = Session(lasting: 60)
        #expect(session.open("") == .wrong && session.open(String(repeating: "0", count: 64)) == .wrong)
        guard case .opened(let secret) = session.open(session.token) else {
            Issue.record("the link does not open")
            return
        }
        #expect(session.open(session.token) == .used)
        #expect(session.holds(secret) && !session.holds(session.token) && !session.holds(nil) && !session.holds(""))
        session.end()
        #expect(!session.holds(secret))
        let late = Session(lasting: 0)
        #expect(late.open(late.token) == .late && !late.isOpen)
        #expect(session.host != late.host && session.host.hasSuffix(".localhost"))
    }

    @Test func `a cookie that is there twice is nobody's`() {
        #expect(Site.cookies("a=1; pinfold=2; c=3=4") == ["a": "1", "pinfold": "2", "c": "3=4"])
        #expect(Site.cookies("pinfold=1; pinfold=2") == [:])
        #expect(Site.cookies(nil) == [:] && Site.cookies(";;=;x") == [:])
    }
}
