import CLinux
@testable import FuseSession
@testable import GatewayFileSystem
import LinuxSystem
import SystemPackage
import TestSupport
import Testing

/// A request that a killed server had in hand comes again, and is carried out once.
@Suite(.serialized) struct `A request that comes again` {
    private typealias Question = ResentZone.Question

    /// Asks, lets the server die before its answer was written or taken, asks again: the answers to both.
    private static func twice(
        _ zone: ResentZone, _ question: Question, _ phase: UInt32
    ) throws -> (first: ResentZone.Answer, second: ResentZone.Answer) {
        let first = try zone.ask(question)
        try zone.die(phase)
        return (first, try zone.askAgain(question))
    }

    private static let phases = [OnceSlot.Phase.begun, OnceSlot.Phase.done]

    private static func made(_ opcode: UInt32, _ head: [UInt8], _ tail: [UInt8] = []) -> Question {
        Question(opcode: opcode, body: head + ResentZone.text("new") + tail)
    }

    @Test(arguments: phases) func `what it made is there once, and answered as the same node`(phase: UInt32) throws {
        let words = ResentZone.words
        let questions = [
            Self.made(9, words(0o755, 0)), Self.made(8, words(0o100644, 0, 0, 0)), Self.made(8, words(0o010644, 0, 0, 0)),
            Self.made(6, [], ResentZone.text("target")),
            // O_RDWR | O_CREAT | O_EXCL, of a file that only its maker may have open for writing.
            Self.made(35, words(UInt32(O_RDWR | O_CREAT | O_EXCL), 0o100444, 0, 0)),
            Self.made(35, words(UInt32(O_RDWR | O_CREAT | O_TRUNC), 0o100644, 0, 0)),
        ]
        for question in questions {
            try ResentZone.with { zone in
                let (first, second) = try Self.twice(zone, question, phase)
                #expect(first.error == nil)
                #expect(second.error == nil, "opcode \(question.opcode)")
                #expect(first.node == second.node)
                #expect(phase == OnceSlot.Phase.begun || first == second)
                #expect(exists(zone.path + "/new"))
                #expect(zone.opens == (question.opcode == 35 ? 1 : 0))
                // Asked for the first time it is refused as ever.
                if question.opcode != 35 { #expect(try zone.ask(question).error == .fileExists) }
            }
        }
    }

    @Test(arguments: [(9, OnceSlot.Phase.begun), (1, OnceSlot.Phase.repeatable)] as [(UInt32, UInt32)])
    func `one that process after process crashes over is answered with EIO; killed ones count for nothing`(
        opcode: UInt32, phase: UInt32
    ) throws {
        try ResentZone.with { zone in
            let question = Self.made(opcode, opcode == 9 ? ResentZone.words(0o755, 0) : [])
            let first = try zone.ask(question)
            for _ in 0..<12 {
                try zone.die(phase)
                #expect(try zone.askAgain(question).error == first.error)
            }
            zone.diesByFault = true
            for _ in 0..<3 {
                try zone.die(phase)
                #expect(try zone.askAgain(question).error == first.error)
            }
            try zone.die(phase)
            #expect(try zone.askAgain(question).error == .ioError)
            #expect(try zone.ask(Question(opcode: 1, body: ResentZone.text("f"))).error == nil)
        }
    }

    @Test func `a name that was there before is not taken for its own`() throws {
        try ResentZone.with { zone in
            let question = Self.made(9, ResentZone.words(0o755, 0))
            _ = try zone.ask(question)
            // It had begun after the name was made: by somebody else.
            try zone.die(OnceSlot.Phase.begun, later: 100)
            #expect(try zone.askAgain(question).error == .fileExists)
        }
    }

    @Test(arguments: phases) func `what it removed, moved or linked is so once`(phase: UInt32) throws {
        try ResentZone.with { zone in
            func text(_ name: String) -> [UInt8] { ResentZone.text(name) }
            func move(_ from: String, _ to: String, _ flags: UInt32) -> Question {
                Question(
                    opcode: 45, body: ResentZone.bytes(NodeID.root.rawValue) + ResentZone.words(flags, 0) + text(from) + text(to))
            }
            func expect(_ question: Question, _ listing: String) throws {
                let (first, second) = try Self.twice(zone, question, phase)
                #expect(first.error == nil)
                #expect(second.error == nil, "opcode \(question.opcode)")
                #expect(
                    try shell("grep -sH '' * || true; ls", workingDirectory: zone.path).requireSuccess().split(separator: "\n")
                        .joined(separator: " ") == listing)
            }
            try expect(Question(opcode: 11, body: text("d")), "f:inside g:other f g")
            try expect(move("f", "h", 0), "g:other h:inside g h")
            // RENAME_NOREPLACE, then RENAME_EXCHANGE, which done twice would be undone.
            try expect(move("h", "i", 1), "g:other i:inside g i")
            try expect(move("i", "g", 2), "g:inside i:other g i")
            try expect(
                Question(opcode: 13, body: ResentZone.bytes(try zone.node("g")) + text("l")), "g:inside i:other l:inside g i l")
            try expect(Question(opcode: 10, body: text("i")), "g:inside l:inside g l")
        }
    }

    @Test func `an interrupt of another request, which a dead server knew, changes nothing`() throws {
        try ResentZone.with { zone in
            let question = Self.made(9, ResentZone.words(0o755, 0))
            let first = try zone.ask(question)
            try zone.die(OnceSlot.Phase.begun)
            try zone.interrupt()
            let second = try zone.askAgain(question)
            #expect(second.error == nil && second.node == first.node)
        }
    }

    @Test(arguments: phases) func `attributes are set and removed once`(phase: UInt32) throws {
        try ResentZone.with { zone in
            let file = try zone.node("f")
            // XATTR_CREATE.
            let set = Question(
                opcode: 21, node: file, body: ResentZone.words(3, 1) + ResentZone.text("user.name") + Array("abc".utf8))
            #expect(try Self.twice(zone, set, phase).second.error == nil)
            #expect(try zone.ask(set).error == .fileExists)
            let remove = Question(opcode: 24, node: file, body: ResentZone.text("user.name"))
            #expect(try Self.twice(zone, remove, phase).second.error == nil)
            #expect(try zone.ask(remove).error == .noData)
        }
    }

    @Test(arguments: phases) func `an open counts once, and ends with its release`(phase: UInt32) throws {
        try ResentZone.with { zone in
            let file = try zone.node("f")
            let open = Question(opcode: 14, node: file, body: ResentZone.words(UInt32(O_RDWR), 0))
            #expect(try Self.twice(zone, open, phase).second.error == nil)
            #expect(zone.opens == 1)
            try zone.ask(open)
            #expect(zone.opens == 2)
            let release = Question(opcode: 18, node: file, body: ResentZone.bytes(file) + [UInt8](repeating: 0, count: 16))
            // Whoever was killed had counted it as done before.
            #expect(try Self.twice(zone, release, OnceSlot.Phase.done).second.error == nil)
            #expect(zone.opens == 1)
            try zone.ask(release)
            #expect(zone.opens == 0)
        }
    }

    @Test(arguments: phases) func `of a file without a name one is left`(phase: UInt32) throws {
        try ResentZone.with { zone in
            let make = Question(opcode: 51, body: ResentZone.words(UInt32(O_RDWR), 0o100600, 0, 0) + ResentZone.text("/"))
            let (first, second) = try Self.twice(zone, make, phase)
            #expect(second.error == nil)
            #expect((first.node == second.node) == (phase == OnceSlot.Phase.done))
            #expect(zone.opens == 1)
        }
    }

    @Test func `one that was not begun is carried out`() throws {
        try ResentZone.with { zone in
            let question = Self.made(9, ResentZone.words(0o755, 0))
            try zone.serve()
            #expect(try zone.askAgain(question).error == nil)
            #expect(exists(zone.path + "/new"))
        }
    }

    @Test func `an open file without a name reads and writes on`() throws {
        try ResentZone.with { zone in
            let file = try zone.node("f")
            try zone.ask(Question(opcode: 14, node: file, body: ResentZone.words(UInt32(O_RDWR), 0)))
            #expect(try zone.ask(Question(opcode: 10, body: ResentZone.text("f"))).error == nil)
            try zone.serve()
            let text = Array("outlived".utf8)
            let write = Question(
                opcode: 16, node: file,
                body: ResentZone.bytes(file) + ResentZone.bytes(UInt64(0))
                    + ResentZone.words(UInt32(text.count), 0, 0, 0, UInt32(O_RDWR), 0) + text)
            #expect(try zone.ask(write).error == nil)
            let read = Question(
                opcode: 15, node: file,
                body: ResentZone.bytes(file) + ResentZone.bytes(UInt64(0)) + ResentZone.words(100, 0, 0, 0, UInt32(O_RDWR), 0))
            #expect(try zone.ask(read).body == text)
        }
    }
}
