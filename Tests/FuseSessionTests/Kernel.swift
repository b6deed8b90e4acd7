import CLinux
import FuseSession
import LinuxSystem
import SystemPackage
import TestSupport

/// The kernel's side of a session, spoken by a test (<linux/fuse.h>).
final class Kernel {
    private let session: Session
    private let end: Descriptor
    private var unique: UInt64 = 0

    /// Opcodes of <linux/fuse.h>.
    enum Operation: UInt32 {
        case lookup = 1
        case getattr = 3
        case mkdir = 9
        case statfs = 17
        case initialize = 26
        case readdir = 28
        case rename2 = 45
    }

    struct Answer: Equatable {
        /// nil where it is none.
        let error: Errno?
        let body: [UInt8]

        func word<Word: FixedWidthInteger>(at offset: Int, as type: Word.Type) -> Word {
            (0..<MemoryLayout<Word>.size).reduce(0) { $0 | Word(truncatingIfNeeded: body[offset + $1]) << Word(8 * $1) }
        }
    }

    init(serving fileSystem: any FileSystem, features: Features = []) throws {
        let pair = try SocketPair(keepsPackets: true)
        let device = try pair.other.duplicate()
        session = try Session(
            fileSystem, SessionOptions(name: "test", source: "/", readOnly: false, features: features, workers: 1), device: device)
        end = pair.keepOne()
    }

    /// Sends one request, and takes what was answered until then: one answer, or none.
    func ask(_ operation: Operation, node: UInt64 = NodeID.root.rawValue, _ body: [UInt8], length: Int? = nil) throws -> [Answer] {
        unique += 2
        var message: [UInt8] = []
        message += Self.bytes(UInt32(length ?? 40 + body.count)) + Self.bytes(operation.rawValue)
        message += Self.bytes(unique) + Self.bytes(node)
        for number in [UInt32(61_000), 61_000, UInt32(getpid()), 0] { message += Self.bytes(number) }
        session.serve(message: message + body)
        return try answers()
    }

    /// What the kernel begins with: protocol 7.45, every flag of the first word offered, and the second word.
    func initialize() throws -> Answer? {
        var body = Self.bytes(UInt32(7)) + Self.bytes(UInt32(45)) + Self.bytes(UInt32(131_072)) + Self.bytes(UInt32.max)
        body += Self.bytes(UInt32(0xff)) + [UInt8](repeating: 0, count: 44)
        return try ask(.initialize, node: NodeID.kernelRoot.rawValue, body).first
    }

    private func answers() throws -> [Answer] {
        var found: [Answer] = []
        while true {
            var buffer = [UInt8](repeating: 0, count: 1 << 16)
            let raw = end.rawValue
            let count = unsafe recv(raw, &buffer, buffer.count, Int32(MSG_DONTWAIT))
            guard count > 0 else { return found }
            let header = Answer(error: nil, body: Array(buffer[..<16]))
            guard header.word(at: 0, as: UInt32.self) == count, header.word(at: 8, as: UInt64.self) == unique else {
                throw TestFailure("no answer to \(unique): \(buffer[..<count])")
            }
            let code = -header.word(at: 4, as: Int32.self)
            found.append(Answer(error: code == 0 ? nil : Errno(rawValue: code), body: Array(buffer[16..<count])))
        }
    }

    static func bytes(_ value: some FixedWidthInteger) -> [UInt8] {
        unsafe withUnsafeBytes(of: value.littleEndian) { unsafe Array($0) }
    }

    static func text(_ name: String) -> [UInt8] { Array(name.utf8) + [0] }
}
