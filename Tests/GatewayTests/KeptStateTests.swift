import CLinux
import FuseSession
@testable import GatewayFileSystem
import LinuxSystem
@testable import pinfold_kept_hammer
import SystemPackage
import TestSupport
import Testing

/// What a gateway keeps for whoever goes on after it.
@Suite struct `What is kept` {
    /// A state in which one plane was used, its nodes, and its memory once more, as another process would have it.
    private static func used(_ files: Range<Int>) throws -> (state: KeptState, ids: [NodeID]) {
        let state = try KeptState()
        let plane = state.plane(0)
        let nodes = NodeTable(root: Book.root, plane)
        plane.add(KeptMount(number: 7, device: 8, anchor: -1, isSealed: 0), at: 0)
        return (
            state,
            try files.map { file in
                var node = Book.node(file)
                return try nodes.enter(&node, keepingStricter: false)
            }
        )
    }

    private static func adopted(_ state: KeptState) throws -> KeptState {
        try KeptState(adopting: Descriptor(owning: check { pinfold_fcntl(state.rawDescriptor, F_DUPFD_CLOEXEC, 0) }))
    }

    @Test func `a successor finds each node by number and by handle, with its count`() throws {
        let (state, ids) = try Self.used(0..<5000)
        let again = try Self.adopted(state)
        try again.check()
        let nodes = NodeTable(root: Book.root, again.plane(0))
        #expect(nodes.count == 5001)
        for (file, id) in ids.enumerated() {
            #expect(nodes.node(id).map { Book.file(of: $0.handle) } == file)
            var node = Book.node(file)
            #expect(try nodes.enter(&node, keepingStricter: false) == id)
            #expect(nodes.forget(id, lookups: 1) == nil)
            #expect(nodes.forget(id, lookups: 1) != nil)
        }
        #expect(nodes.count == 1)
        #expect(nodes.find(Book.root.handle, mount: 0) == .root)
    }

    @Test func `a number that was handed out means no other file to a successor`() throws {
        let (state, ids) = try Self.used(0..<3000)
        let first = NodeTable(root: Book.root, state.plane(0))
        for id in ids { _ = first.forget(id, lookups: 1) }
        let second = NodeTable(root: Book.root, try Self.adopted(state).plane(0))
        for file in 0..<3000 {
            var node = Book.node(file + 1)
            #expect(try !ids.contains(second.enter(&node, keepingStricter: false)) || file >= 100)
            if file == 100 { break }
        }
        for id in ids { #expect(second.node(id) == nil) }
    }

    @Test func `what was counted by names of the last process is not relied upon`() throws {
        let (state, ids) = try Self.used(3..<4)
        let node = NodeTable(root: Book.root, try Self.adopted(state).plane(0)).node(ids[0])
        #expect(node?.nameKey == 0)
        #expect(node?.epoch == 0)
    }

    @Test func `forgotten files leave no memory behind`() throws {
        let state = try KeptState()
        func blocks() throws -> UInt64 {
            try Descriptor(owning: check { pinfold_fcntl(state.rawDescriptor, F_DUPFD_CLOEXEC, 0) }).status().blocks * 512
        }
        let nodes = NodeTable(root: Book.root, state.plane(0))
        var ids: [NodeID] = []
        for file in 0..<200_000 {
            var node = Book.node(file)
            ids.append(try nodes.enter(&node, keepingStricter: false))
        }
        #expect(try blocks() > 14_000_000)
        for id in ids { _ = nodes.forget(id, lookups: 1) }
        // A page of each of the sixteen parts stays.
        #expect(try blocks() < 16 * 80_000)
        #expect(nodes.count == 1)
    }

    @Test func `open files are gone on with, and those that the kernel forgot are not`() throws {
        let (state, ids) = try Self.used(0..<4)
        let opens = OpenFiles(state.plane(0))
        for (file, id) in ids.enumerated() {
            let made = OpenFile(backing: nil, isPassedThrough: false, location: nil, inode: UInt64(file), user: 5)
            _ = try opens.first(id, made)
        }
        _ = opens.again(ids[1])
        _ = opens.release(ids[2])
        let again = try Self.adopted(state)
        try again.check()
        let successor = OpenFiles(again.plane(0))
        let found = successor.adopt { _ in
            nil
        } isKnown: {
            $0 != ids[3]
        }
        #expect(found.map(\.0) == [ids[0], ids[1]])
        #expect(successor.find(ids[1])?.inode == 1)
        #expect(successor.release(ids[1]) == nil)
        #expect(successor.release(ids[1])?.user == 5)
        #expect(successor.release(ids[0])?.inode == 0)
        // Their rows are free again.
        #expect(
            OpenFiles(try Self.adopted(state).plane(0)).adopt { _ in
                nil
            } isKnown: { _ in
                true
            }.isEmpty)
    }

    @Test func `one user can have three quarters of a zone's open files, also across servers, and others the rest`() throws {
        let state = try KeptState(planes: 1)
        func open(_ opens: OpenFiles, _ number: Int, _ user: UInt32) throws {
            let file = OpenFile(backing: nil, isPassedThrough: false, location: nil, user: user)
            _ = try opens.first(NodeID(rawValue: UInt64(number) + 16), file)
        }
        let opens = OpenFiles(state.plane(0))
        for number in 0..<786_432 { try open(opens, number, 5) }
        #expect(throws: Errno.tooManyOpenFilesInSystem) { try open(opens, 786_432, 5) }
        try open(opens, 786_432, 6)
        let successor = OpenFiles(state.plane(0))
        _ = successor.adopt { _ in
            nil
        } isKnown: { _ in
            true
        }
        #expect(throws: Errno.tooManyOpenFilesInSystem) { try open(successor, 786_433, 5) }
        _ = successor.release(NodeID(rawValue: 16))
        try open(successor, 786_433, 5)
    }

    @Test func `a file without a handle is found by its name again`() throws {
        let (state, ids) = try Self.used(0..<3)
        let paths = RememberedPaths(state.plane(0))
        for (id, name) in zip(ids, ["first", "second", "third"]) {
            name.withPathBytes { paths.remember(id, parent: .root, name: $0) }
        }
        "moved".withPathBytes { paths.remember(ids[1], parent: ids[0], name: $0) }
        paths.drop(ids[2])
        let again = RememberedPaths(try Self.adopted(state).plane(0))
        #expect(again.find(ids[0])?.name == Array("first".utf8))
        #expect(again.find(ids[1])?.name == Array("moved".utf8))
        #expect(again.find(ids[1])?.parent == ids[0])
        #expect(again.find(ids[2]) == nil)
    }

    @Test func `a descriptor of an open file goes on under its number`() throws {
        let (state, ids) = try Self.used(0..<1)
        let number = try check { unsafe pinfold_memfd_create("test") }
        let location = SharedDescriptor(Descriptor(owning: number))
        let opens = OpenFiles(state.plane(0))
        _ = try opens.first(ids[0], OpenFile(backing: nil, isPassedThrough: false, location: location, user: 0, writer: location))
        var kept: [Int32] = []
        state.forEachDescriptor { kept.append($0) }
        #expect(kept.contains(number))
        // As if the process had ended: its descriptors are left to whoever goes on.
        _ = unsafe Unmanaged.passRetained(location)
        let successor = OpenFiles(try Self.adopted(state).plane(0))
        let found = successor.adopt { _ in
            nil
        } isKnown: { _ in
            true
        }
        #expect(found.first?.1.location?.descriptor.rawValue == number)
    }
}
