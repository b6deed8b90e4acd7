import FuseSession
import LinuxSystem
import SystemPackage
import TestSupport
import Testing

/// Serves one directory, in the ways that a test asks for by name.
private final class Scripted: FileSystem {
    let looked = Lock<[String]>([])
    let attributes: Attributes

    init() throws {
        var status = try Descriptor.open("/", [.path, .directory]).status()
        status.modified = Timestamp(seconds: -2, nanoseconds: 500_000_000)
        attributes = Attributes(status)
    }

    private var entry: Entry {
        Entry(node: NodeID(rawValue: 7), attributes: attributes, attributesLifetime: .second, entryLifetime: .long)
    }

    func rootEntry() throws(Errno) -> Entry {
        Entry(node: .root, attributes: attributes, attributesLifetime: .long, entryLifetime: .long)
    }

    func lookup(_ request: consuming EntryRequest, parent: NodeID, name: borrowing PathBytes) {
        let text = String(decoding: name.array, as: UTF8.self)
        looked.withLock { $0.append(text) }
        switch text {
        case "forgotten": break
        case "failed": request.fail(.noSuchFileOrDirectory)
        default: _ = request.reply(entry)
        }
    }

    func forget(_ node: NodeID, lookups: UInt64) {}
    func getattr(_ request: consuming AttributesRequest, node: NodeID, handle: Handle?) {
        request.reply(attributes, lifetime: Lifetime(seconds: 3, nanoseconds: 4))
    }
    func readlink(_ request: consuming LinkTextRequest, node: NodeID) {}
    func open(_ request: consuming OpenRequest, node: NodeID, flags: OpenFlags) {}
    func read(_ request: consuming DataRequest, node: NodeID, handle: Handle, offset: Int64, flags: OpenFlags) {}
    func opendir(_ request: consuming OpenRequest, node: NodeID, flags: OpenFlags) {}
    func readdir(_ request: consuming DirectoryRequest, node: NodeID, handle: Handle, offset: Int64) {
        var request = request
        for (index, name) in ["one", "a name that is longer", "three"].enumerated() where index >= offset {
            let isAdded = unsafe Array(name.utf8).withUnsafeBufferPointer {
                unsafe request.add($0, inode: UInt64(index) + 40, type: 8, next: Int64(index) + 1)
            }
            if !isAdded { break }
        }
        request.finish()
    }
    func readdirplus(_ request: consuming DirectoryRequest, node: NodeID, handle: Handle, offset: Int64) {}
    func statfs(_ request: consuming StatisticsRequest, node: NodeID) {}
    func getxattr(_ request: consuming ExtendedAttributeRequest, node: NodeID, name: borrowing PathBytes) {}
    func listxattr(_ request: consuming ExtendedAttributeRequest, node: NodeID) {}
}

@Suite struct `A request` {
    @Test func `that its file system lets go of is answered with EIO, once`() throws {
        let kernel = try Kernel(serving: Scripted())
        _ = try kernel.initialize()
        #expect(try kernel.ask(.lookup, Kernel.text("forgotten")).map(\.error) == [.ioError])
        #expect(try kernel.ask(.lookup, Kernel.text("failed")).map(\.error) == [.noSuchFileOrDirectory])
        #expect(try kernel.ask(.lookup, Kernel.text("there")).map(\.error) == [nil])
        #expect(try kernel.ask(.statfs, []).map(\.error) == [.ioError])
    }

    @Test func `for what a file system has not is answered with ENOSYS`() throws {
        let kernel = try Kernel(serving: Scripted())
        _ = try kernel.initialize()
        let body = Kernel.bytes(UInt32(0o755)) + Kernel.bytes(UInt32(0))
        #expect(try kernel.ask(.mkdir, body + Kernel.text("new")).map(\.error) == [.noFunction])
    }

    @Test(arguments: ["..", ".", "a/b", ""]) func `by a name that is none in a directory never comes to the file system`(
        name: String
    ) throws {
        let fileSystem = try Scripted()
        let kernel = try Kernel(serving: fileSystem)
        _ = try kernel.initialize()
        let answers = try kernel.ask(.lookup, Kernel.text(name))
        #expect(answers.count == 1 && answers[0].error != nil)
        #expect(fileSystem.looked.withLock { $0 }.isEmpty)
    }

    @Test func `that is cut short, or says another length, never comes to the file system`() throws {
        let fileSystem = try Scripted()
        let kernel = try Kernel(serving: fileSystem)
        _ = try kernel.initialize()
        let flags = Kernel.bytes(UInt64(2)) + Kernel.bytes(UInt32(0)) + Kernel.bytes(UInt32(0))
        let renaming = try kernel.ask(.rename2, flags + Kernel.text("one"))
        let unended = try kernel.ask(.lookup, Array("unended".utf8))
        let lying = try kernel.ask(.lookup, Kernel.text("lying"), length: 4000)
        for answers in [renaming, unended, lying] { #expect(answers.count == 1 && answers[0].error != nil, "\(answers)") }
        #expect(fileSystem.looked.withLock { $0 }.isEmpty)
    }

    @Test func `is answered with attributes as they are, times before 1970 too`() throws {
        let fileSystem = try Scripted()
        let kernel = try Kernel(serving: fileSystem)
        _ = try kernel.initialize()
        let answer = try #require(try kernel.ask(.getattr, [UInt8](repeating: 0, count: 16)).first)
        #expect(answer.error == nil && answer.word(at: 0, as: UInt64.self) == 3 && answer.word(at: 8, as: UInt32.self) == 4)
        // struct fuse_attr: inode, size, blocks, three times in seconds and then in nanoseconds, mode.
        #expect(answer.word(at: 16, as: UInt64.self) == fileSystem.attributes.inode)
        #expect(answer.word(at: 16 + 32, as: Int64.self) == -2 && answer.word(at: 16 + 52, as: UInt32.self) == 500_000_000)
        #expect(answer.word(at: 16 + 60, as: UInt32.self) == fileSystem.attributes.mode)
    }

    @Test func `for a listing is answered with as many names as have room, each at a multiple of eight`() throws {
        let kernel = try Kernel(serving: Scripted())
        _ = try kernel.initialize()
        func list(from offset: UInt64, size: UInt32) throws -> [String] {
            let body = Kernel.bytes(UInt64(0)) + Kernel.bytes(offset) + Kernel.bytes(size) + [UInt8](repeating: 0, count: 20)
            let answer = try #require(try kernel.ask(.readdir, body).first)
            #expect(answer.error == nil && answer.body.count <= Int(size))
            var names: [String] = []
            var position = 0
            while position < answer.body.count {
                let length = Int(answer.word(at: position + 16, as: UInt32.self))
                names.append(String(decoding: answer.body[(position + 24)..<(position + 24 + length)], as: UTF8.self))
                position += (24 + length + 7) & ~7
            }
            #expect(position == answer.body.count)
            return names
        }
        #expect(try list(from: 0, size: 4096) == ["one", "a name that is longer", "three"])
        #expect(try list(from: 0, size: 79) == ["one"])
        #expect(try list(from: 0, size: 80) == ["one", "a name that is longer"])
        #expect(try list(from: 1, size: 80) == ["a name that is longer", "three"])
        #expect(try list(from: 3, size: 80) == [])
    }
}

@Suite struct `What a session agrees on` {
    /// FUSE_ATOMIC_O_TRUNC, FUSE_DO_READDIRPLUS, FUSE_POSIX_ACL; passthrough in the second word.
    private static let (truncates, listsPlus, lists) = (UInt32(1 << 3), UInt32(1 << 13), UInt32(1 << 20))
    private static let passthrough = UInt32(1 << 5)

    private func flags(_ features: Features) throws -> (UInt32, UInt32) {
        let answer = try #require(try Kernel(serving: Scripted(), features: features).initialize())
        #expect(answer.error == nil && answer.word(at: 0, as: UInt32.self) == 7)
        return (answer.word(at: 12, as: UInt32.self), answer.word(at: 32, as: UInt32.self))
    }

    @Test func `is what it wants of what the kernel offers, and nothing else`() throws {
        let (few, fewMore) = try flags([])
        #expect(few & Self.truncates != 0 && few & Self.listsPlus == 0 && few & Self.lists == 0 && fewMore & Self.passthrough == 0)
        let (many, manyMore) = try flags([.readdirplus, .accessControlLists, .passthrough])
        #expect(many & Self.listsPlus != 0 && many & Self.lists != 0 && manyMore & Self.passthrough != 0)
    }
}
