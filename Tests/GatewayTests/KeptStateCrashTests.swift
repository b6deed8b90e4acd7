import CLinux
import FuseSession
@testable import GatewayFileSystem
import LinuxSystem
@testable import pinfold_kept_hammer
import SystemPackage
import TestSupport
import Testing

/// A process that is killed at any moment leaves a state that holds all that the kernel was told.
@Suite(.serialized) struct `A state whose writer was killed` {
    /// How often the writer is killed; each time by a successor of the last one, with what that left.
    private static let kills = 60

    @Test(.timeLimit(.minutes(10))) func `holds every node and every open file that the kernel was told of`() throws {
        let state = try KeptState()
        state.plane(0).add(KeptMount(number: 7, device: 8, anchor: -1, isSealed: 0), at: 0)
        let file = Descriptor(owning: try check { unsafe pinfold_memfd_create("book") })
        try file.truncate(to: Int64(Book.size))
        let book = try Book(try file.duplicate())
        var random = SystemRandomNumberGenerator()
        for kill in 1...Self.kills {
            try Self.hammer(state, file, book, kill, microseconds: .random(in: 500...30_000, using: &random))
            try Self.hold(state, to: book)
        }
        #expect((0..<Book.files).contains { book[$0].lookups > 0 } && (0..<Book.files).contains { book[$0].opens > 1 })
    }

    /// Lets one work for so long.
    private static func hammer(_ state: KeptState, _ file: borrowing Descriptor, _ book: Book, _ number: Int, microseconds: UInt32)
        throws
    {
        let child = try ChildProcess(
            .init(
                Executables.keptHammer, ["3", "4", "\(number)"],
                descriptors: [1: 1, 2: 2, 3: state.rawDescriptor, 4: file.rawValue]))
        try eventually("the writer begins") { book.writer == UInt64(number) }
        usleep(microseconds)
        try child.signal(SIGKILL)
        let status = try child.wait()
        guard status == .signaled(SIGKILL) else { throw TestFailure("the writer ended by itself: \(status)") }
    }

    private static func hold(_ state: KeptState, to book: Book) throws {
        let left = try KeptState(adopting: Descriptor(owning: check { pinfold_fcntl(state.rawDescriptor, F_DUPFD_CLOEXEC, 0) }))
        guard left.isUsed else { return }
        try left.check()
        let plane = left.plane(0)
        let nodes = NodeTable(root: Book.root, plane)
        var opens: [UInt64: UInt32] = [:]
        plane.opens.withLock { rows in
            for row in 0..<rows.count where rows[row].opens > 0 { opens[rows[row].node, default: 0] += rows[row].opens }
        }
        for file in 0..<Book.files where book[file].lookups > 0 {
            let line = book[file]
            let node = try #require(nodes.node(NodeID(rawValue: line.id)), "file \(file) is lost: \(line)")
            try #require(Book.file(of: node.handle) == file, "the number of file \(file) means another one: \(node)")
            try #require(node.lookups >= line.lookups, "file \(file) is counted too little: \(node), \(line)")
            try #require(opens[line.id, default: 0] >= line.opens, "file \(file) is open less often than was said: \(line)")
        }
        for id in nodes.all where id != .root {
            try #require(nodes.node(id).flatMap { Book.file(of: $0.handle) } != nil, "a torn node: \(id)")
        }
    }
}
