import CLinux
import FuseSession
@testable import GatewayFileSystem
import LinuxSystem
@testable import pinfold_kept_hammer
import SystemPackage
import TestSupport
import Testing

/// A state that is not this program's own, or was spoilt, is refused in words for a person.
@Suite struct `A state that makes no sense` {
    /// What is said of a state in which `spoil` changed something.
    private static func refusal(_ spoil: (KeptState, NodeID) throws -> Void) throws -> String? {
        let state = try KeptState()
        let plane = state.plane(1)
        plane.add(KeptMount(number: 7, device: 8, anchor: -1, isSealed: 0), at: 0)
        let nodes = NodeTable(root: Book.root, plane)
        var node = Book.node(0)
        let id = try nodes.enter(&node, keepingStricter: false)
        _ = try OpenFiles(plane).first(id, OpenFile(backing: nil, isPassedThrough: false, location: nil, user: 0))
        try spoil(state, id)
        do {
            let copy = Descriptor(owning: try check { pinfold_fcntl(state.rawDescriptor, F_DUPFD_CLOEXEC, 0) })
            try KeptState(adopting: copy).check()
        } catch let error as KeptError {
            #expect(error.description.hasPrefix("what the last daemon left cannot be taken over: "))
            return String(error.description.dropFirst(48))
        }
        return nil
    }

    /// What is said of a state in which a node has these bytes there.
    private static func refusalOfNode(_ bytes: [UInt8], at offset: Int) throws -> String? {
        try refusal { state, id in
            let node = unsafe UnsafeMutableRawPointer(pointer(state, id))
            for (index, byte) in bytes.enumerated() {
                unsafe node.storeBytes(of: byte, toByteOffset: offset + index, as: UInt8.self)
            }
        }
    }

    private static func pointer(_ state: KeptState, _ id: NodeID) -> UnsafeMutablePointer<Node> {
        unsafe state.plane(1).shard(Int(id.rawValue & 15)).nodes + Int(id.rawValue & 0xffff_ffff) >> 4
    }

    @Test func `one that makes sense is taken`() throws { #expect(try Self.refusal { _, _ in } == nil) }

    @Test func `one of another format, of another shape, or of something else is refused`() throws {
        #expect(
            try Self.refusal { state, _ in unsafe state.memory.words(at: 0)[1] = 99 }
                == "it is of format 99, and this program knows format 2")
        #expect(
            try Self.refusal { state, _ in unsafe state.memory.words(at: 0)[2] ^= 1 }
                == "it is of format 2, but laid out otherwise than this program lays it out")
        #expect(try Self.refusal { state, _ in unsafe state.memory.words(at: 0)[0] = 0 } == "it is not a gateway's state")
    }

    @Test func `one that was cut short is refused`() throws {
        for size in [Int64(0), 4096] {
            #expect(throws: KeptError("it has \(size) bytes where there should be \(KeptLayout.size(planes: KeptLayout.planes))")) {
                let short = Descriptor(owning: try check { unsafe pinfold_memfd_create("test") })
                try short.truncate(to: size)
                _ = try KeptState(adopting: short)
            }
        }
        // Its own cannot be.
        let state = try KeptState()
        #expect(throws: Errno.notPermitted) {
            try Descriptor(owning: check { pinfold_fcntl(state.rawDescriptor, F_DUPFD_CLOEXEC, 0) }).truncate(to: 4096)
        }
    }

    @Test func `nodes that there cannot be are refused`() throws {
        let none = /node \d+ of part \d+ is none/
        // Where in a node, and what is put there: the handle's length and type, the mount, the generation twice.
        let mount = try #require(MemoryLayout<Node>.offset(of: \.mount))
        let spoilt: [(offset: Int, bytes: [UInt8])] = [
            (32, [40]), (33, [0]), (mount, [9, 0]), (mount + 2, [0, 0, 0, 0]), (mount + 2, [0, 0, 0, 0xff]),
        ]
        for (offset, bytes) in spoilt {
            let said = try Self.refusalOfNode(bytes, at: offset)
            #expect(said?.wholeMatch(of: none) != nil, "\(offset): \(said ?? "taken")")
        }
        // Another handle is in another part, as chance has it: in fifteen of sixteen.
        let refused = try (UInt8(1)...64).filter { try Self.refusalOfNode([$0, 2, 3, 4], at: 0)?.wholeMatch(of: none) != nil }
        #expect(refused.count > 32)
        #expect(try Self.refusal { state, _ in unsafe state.plane(1).shard(2).nodes.pointee.lookups = 1 } == "the root is missing")
        #expect(
            try Self.refusal { state, _ in unsafe state.plane(1).shard(3).pages.pointee = .max } == "part 3 of the nodes has no end"
        )
    }

    @Test func `open files and mounts that there cannot be are refused`() throws {
        #expect(
            try Self.refusal { state, _ in state.plane(1).opens.withLock { unsafe $0.pointer(0).pointee.location = -9 } }
                == "an open file is none")
        #expect(
            try Self.refusal { state, _ in state.plane(1).add(KeptMount(number: 7, device: 8, anchor: -1, isSealed: 0), at: 1) }
                == "a mount is there twice")
        #expect(
            try Self.refusal { state, _ in state.plane(1).add(KeptMount(number: 0, device: 8, anchor: -1, isSealed: 0), at: 0) }
                == "the mount of the root is missing")
    }
}
