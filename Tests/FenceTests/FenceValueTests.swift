import Fence
import LinuxSystem
import Testing

@Suite
struct `A fence as a value` {
    private let fence = Fence.confinedTool(
        name: "test", user: FenceUser(uid: 7, gid: 8, groups: [9, 10], name: "some:body"), writable: [("/var/tmp", "/job")],
        workingDirectory: "/job", environment: ["A": "x=y\nz", "B": ""], limits: .strict)

    @Test func `reaches the stage as it was`() throws {
        let orders = StageOrders(["sh", "", "--", "a b\n=", "ü"], in: fence)
        #expect(StageOrders(encoded: orders.encoded) == orders)
        let handing = StageOrders(["sh"], in: fence, further: 7..<9)
        #expect(StageOrders(encoded: handing.encoded) == handing)
        var covering = fence
        covering.mounts += [.coveredLink(at: "/etc/a link"), .coveredLink(at: "/job/b=")]
        let covered = StageOrders(["sh"], in: covering)
        #expect(StageOrders(encoded: covered.encoded)?.coveredLinks == ["/etc/a link", "/job/b="])
        var supervised = handing
        var filter = FilterProgram()
        filter.ifEqual(7, .notify)
        supervised.supervision = filter
        #expect(StageOrders(encoded: supervised.encoded) == supervised)
        #expect(StageOrders(encoded: supervised.encoded) != handing)
    }

    @Test(arguments: [
        "", "user=0:0::root|command=sh|", "command=sh|", "user=1:1::a|", "user=1:1::a|command=sh", "user=1:1:x:a|command=sh|",
        "user=1:1::a|unknown=1|command=sh|", "user=1:1::a|limit=processes:many|command=sh|",
        "user=1:1::a|further=4:1|command=sh|", "user=1:1::a|further=7:0|command=sh|", "user=1:1::a|further=7|command=sh|",
        "user=1:1::a|supervision=|command=sh|", "user=1:1::a|supervision=6,x|command=sh|",
    ])
    func `is refused by the stage where it is no set of orders`(text: String) {
        #expect(StageOrders(encoded: Array(text.replacing("|", with: "\0").utf8)) == nil)
    }

    @Test func `is explained in words`() {
        let text = fence.explain(command: ["make", "test"])
        for phrase in [
            "make test", "some:body (7)", "further groups: 9 10", "/usr as it is, read-only", "/job is /var/tmp",
            "2 GiB of private memory", "none, only its own loopback", "no other is inherited",
        ] {
            #expect(text.contains(phrase), "\(phrase) is not in:\n\(text)")
        }
    }
}
