import LinuxSystem

/// A connection on which anything can be said.
final class RawConnection: Sendable {
    private let stream: UnixStream

    init(_ path: String) throws {
        stream = try UnixStream(connectingTo: path, patience: 60)
    }

    func send(_ text: String) throws { try stream.send(Array(text.utf8)) }
    func read(_ count: Int) throws -> [UInt8] { try stream.receive(count) }

    /// Until the other end closes or resets it.
    func readToEnd() -> [UInt8] {
        var bytes: [UInt8] = []
        var piece: [UInt8]
        repeat {
            piece = (try? stream.receive()) ?? []
            bytes += piece
        } while !piece.isEmpty
        return bytes
    }
}
