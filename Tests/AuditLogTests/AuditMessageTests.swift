import AuditLog
import CLinux
import LinuxSystem
import TestSupport
import Testing

/// What `pinfold run` tells the gateway, and that nothing else is taken for it.
@Suite(.timeLimit(.minutes(10)))
struct AuditMessageTests {
    private func refusal(_ operation: AuditOperation = .rename) -> AuditEvent {
        var event = AuditEvent.inView(operation, time: Timestamp(seconds: 1_700_000_000, nanoseconds: 7))
        event.path = [0x2f, 0xff, 0x0a]
        event.second = Array("/to".utf8)
        event.process = 42
        event.command = Array("mv".utf8)
        event.user = 999
        event.errno = EXDEV
        return event
    }

    @Test func `a refusal and a count come through as they were`() throws {
        guard case .refused(let event) = AuditMessage(AuditMessage.refused(refusal()).encoded) else {
            throw TestFailure("no refusal came through")
        }
        #expect(event.operation == .rename && event.path == refusal().path && event.second == refusal().second)
        #expect(event.process == 42 && event.command == Array("mv".utf8) && event.user == 999 && event.errno == EXDEV)
        #expect(event.time == Timestamp(seconds: 1_700_000_000, nanoseconds: 7))
        #expect(event.zone == "view" && event.rule == "read-only-view")
        guard case .dropped(9) = AuditMessage(AuditMessage.dropped(9).encoded) else { throw TestFailure("no count came through") }
    }

    @Test func `nothing of another form is taken`() {
        let whole = AuditMessage.refused(refusal()).encoded
        for count in 0..<whole.count { #expect(AuditMessage(Array(whole.prefix(count))) == nil) }
        #expect(AuditMessage(whole + [0]) == nil)
        #expect(AuditMessage([UInt8](repeating: 0xff, count: 300)) == nil)
        for operation in [AuditOperation.start, .stop, .dropped, .torn, .pruned] {
            #expect(AuditMessage(AuditMessage.refused(refusal(operation)).encoded) == nil)
        }
        var event = refusal()
        event.errno = 0
        #expect(AuditMessage(AuditMessage.refused(event).encoded) == nil)
        event = refusal()
        event.path = Array("relative".utf8)
        #expect(AuditMessage(AuditMessage.refused(event).encoded) == nil)
        event.path = [0x2f] + [UInt8](repeating: 0x61, count: 5000)
        #expect(AuditMessage(AuditMessage.refused(event).encoded) == nil)
        // Each byte another one: whatever it is then, it is no crash.
        for index in whole.indices {
            var packet = whole
            packet[index] ^= 0xff
            _ = AuditMessage(packet)
        }
    }

    @Test func `what is told is in the chain, also in its last moment, and a stranger's packet ends the connection`() throws {
        try withTemporaryDirectory { directory in
            let path = directory + "/audit"
            try shell("mkdir -m 700 '\(path)'").requireSuccess()
            let trail = try AuditTrail(directory: path) { Issue.record("\($0)") }
            let place = directory + "/socket"
            #expect(try AuditOutlet.connect(to: place) == nil)
            let inlet = try AuditInlet(try AuditInlet.Socket(path: place), trail: trail)
            #expect(status(place).map { $0.st_mode & 0o777 } == 0o600)
            let outlet = try #require(try AuditOutlet.connect(to: place))
            let stranger = try PacketSocket(connectingTo: place)
            try stranger.send(Array("{\"op\":\"create\"}".utf8))
            for _ in 0..<20 { outlet.tell(refusal()) }
            outlet.drop(5)
            outlet.settle()
            #expect(!outlet.owes)
            inlet.stop()
            trail.stop()
            #expect(!exists(place))
            let found = try AuditReader.verify(path)
            #expect(found.problem == nil && found.records == 23, "\(found)")
            var records: [AuditRecord] = []
            var reader = try AuditReader(path)
            try reader.read { line in if let record = AuditRecord(line: line) { records.append(record) } }
            #expect(records.count { $0.zone == "view" && $0.error == "EXDEV" && $0.path == "/\\xff\\x0a" } == 20)
            #expect(records.first { $0.operation == "dropped" }?.count == 5)
            #expect(throws: AuditError.self) { try AuditOutlet.connect(to: directory + "/audit") }
        }
    }
}
