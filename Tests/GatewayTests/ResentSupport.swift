import CLinux
@testable import FuseSession
@testable import GatewayFileSystem
import LinuxSystem
import SystemPackage
import TestSupport
import ZonePolicy

/// A zone that is served by one server after the other, with the kernel's side spoken by a test. The first is never let go of: who is killed closes nothing
/// that the others have in common with him.
final class ResentZone {
    let path: String
    let state: KeptState
    /// Whether servers die by a fault of their own.
    var diesByFault = false
    private var session: Session?
    private var kernel: SharedDescriptor?
    private var unique: UInt64 = 100
    private var interrupts: Set<UInt64> = []
    private static let left = Lock<[Session]>([])

    struct Answer: Equatable {
        let error: Errno?
        let body: [UInt8]
        /// The node, where the answer begins with an entry.
        var node: UInt64 { body.prefix(8).reversed().reduce(0) { $0 << 8 | UInt64($1) } }
    }

    /// A request, without its number.
    struct Question {
        let opcode: UInt32
        var node = NodeID.root.rawValue
        let body: [UInt8]
    }

    private init(_ path: String) throws {
        self.path = path
        try shell("umask 0; mkdir d; chmod 777 .; echo inside > f; echo other > g", workingDirectory: path).requireSuccess()
        state = try KeptState()
        try serve()
    }

    /// A new zone with the files `f` and `g` and the directory `d`.
    static func with(_ body: (ResentZone) throws -> Void) throws {
        // Serving leaves the thread as its last caller.
        defer { try? FileCreator.become(user: 0, group: 0, umask: 0o022) }
        try withTemporaryDirectory { try body(ResentZone($0)) }
    }

    /// Begins to serve, with what the server before had.
    func serve() throws {
        if let session { Self.left.withLock { $0.append(session) } }
        let plane = state.plane(0)
        let pair = try SocketPair(keepsPackets: true)
        let device = try pair.other.duplicate()
        let source = try Source(root: try Descriptor.open(path, [.path, .directory]), descriptors: 128, kept: plane)
        let policy = try AccessPolicy(
            source: "/", codeRepo: "/data/code-repo", sandbox: "/data/sandbox", hide: [], protect: [".git/config"])
        let files = PlaneFiles(policy: policy, zone: .codeRepo, source: source, sourcePath: "/data/code-repo", kept: plane)
        var options = SessionOptions(
            name: "test", source: "/", readOnly: false, features: [.noOpenDirectory, .killPrivileges, .temporaryFiles], workers: 1)
        options.memory = plane.session
        options.followsFault = diesByFault
        session = try Session(ZonePlane(files, descriptors: 64), options, device: device)
        kernel = SharedDescriptor(pair.keepOne())
        let offer = [UInt32(7), 38, 131_072, .max, 0xff].flatMap(Self.bytes) + [UInt8](repeating: 0, count: 44)
        unique += 2
        _ = try send(Question(opcode: 26, node: 1, body: offer), unique)
    }

    @discardableResult func ask(_ question: Question) throws -> Answer {
        unique += 2
        // So that the slot that it takes is found.
        for row in 0..<slots.count {
            unsafe slots.pointer(row).pointee.opcode = 0
            unsafe slots.pointer(row).pointee.deaths = 0
        }
        return try send(question, unique)
    }

    private var slots: KeptRows<OnceSlot> {
        unsafe KeptRows(state.memory.bytes(at: KeptLayout.page + KeptLayout.once), capacity: 1024)
    }

    /// Somebody's signal, whose request nobody knows any more (FUSE_INTERRUPT, whose number is the request's with the lowest bit set).
    func interrupt(_ gone: UInt64 = 50) throws {
        interrupts.insert(gone | 1)
        hand(Question(opcode: 36, node: 0, body: Self.bytes(gone)), gone | 1)
    }

    /// The last request comes again.
    func askAgain(_ question: Question) throws -> Answer { try send(question, unique - 2 | 1 << 63) }

    private func hand(_ question: Question, _ unique: UInt64) {
        var message = Self.bytes(UInt32(40 + question.body.count)) + Self.bytes(question.opcode) + Self.bytes(unique)
        message += Self.bytes(question.node)
        for number in [UInt32(61_000), 61_000, UInt32(getpid()), 0] { message += Self.bytes(number) }
        session?.serve(message: message + question.body)
    }

    private func send(_ question: Question, _ unique: UInt64) throws -> Answer {
        hand(question, unique)
        while true {
            var buffer = [UInt8](repeating: 0, count: 1 << 16)
            let raw = kernel?.descriptor.rawValue ?? -1
            let count = unsafe recv(raw, &buffer, buffer.count, Int32(MSG_DONTWAIT))
            guard count >= 16 else { throw TestFailure("no answer to \(question)") }
            func word(_ at: Int) -> UInt64 { buffer[at..<at + 8].reversed().reduce(0) { $0 << 8 | UInt64($1) } }
            if interrupts.remove(word(8)) != nil { continue }
            guard word(8) == unique else { throw TestFailure("an answer to \(word(8)), asked was \(unique)") }
            let code = Int32(truncatingIfNeeded: word(0) >> 32)
            return Answer(error: code == 0 ? nil : Errno(rawValue: -code), body: Array(buffer[16..<count]))
        }
    }

    /// Ends the server as if it had been killed with the last request in hand, when that was `phase`; the next one serves.
    ///
    /// - Parameter later: seconds by which the request is taken to have begun later than it did.
    func die(_ phase: UInt32, later: Int64 = 0) throws {
        let used = (0..<slots.count).filter { slots[$0].opcode != 0 }
        guard let row = used.max(by: { slots[$0].deaths < slots[$1].deaths }) else { throw TestFailure("no slot was used") }
        let slot = unsafe slots.pointer(row)
        unsafe slot.pointee.phase = phase
        unsafe slot.pointee.beganSeconds += later
        unsafe slot.pointee.unique = unique
        try serve()
    }

    func node(_ name: String) throws -> UInt64 { try ask(Question(opcode: 1, body: Self.text(name))).node }

    /// How many opens are counted, of all files.
    var opens: Int {
        state.plane(0).opens.withLock { rows in (0..<rows.count).reduce(0) { $0 + Int(rows[$1].opens) } }
    }

    static func bytes(_ value: some FixedWidthInteger) -> [UInt8] {
        unsafe withUnsafeBytes(of: value.littleEndian) { unsafe Array($0) }
    }

    static func text(_ name: String) -> [UInt8] { Array(name.utf8) + [0] }
    static func words(_ words: UInt32...) -> [UInt8] { words.flatMap(bytes) }
}
