import CLinux
import FuseSession
import GatewayFileSystem
import LinuxSystem
import SystemPackage
import TestSupport
import ZonePolicy

/// The kernel's side of a session with a real zone behind it, spoken by a stranger.
///
/// An input is a row of messages: operation (1 byte), node (1 byte), flags (1 byte), length of the body (2 bytes), the body. Nodes are those that
/// the session has given out, the roots, or, from 240 on, a forged one. The zone is a new directory for each input, below the working directory.
struct Conversation {
    private let session: Session
    private let kernel: SharedDescriptor
    private var nodes: [UInt64] = [2, 1]
    private var unique: UInt64 = 1
    /// libfuse answers an interrupt of what it does not know with the request that comes next: ask again.
    private var interrupts: Set<UInt64> = []

    static func hold(_ input: [UInt8]) {
        let directory = "conversation-\(getpid())"
        defer { removeTree(Array(directory.utf8CString)) }
        guard unsafe mkdir(directory, 0o755) == 0, unsafe mkdir(directory + "/outside", 0o755) == 0,
            unsafe mkdir(directory + "/zone", 0o777) == 0,
            (try? writeFile(directory + "/outside/file", "outside")) != nil,
            (try? writeFile(directory + "/zone/file", "inside")) != nil,
            unsafe mkdir(directory + "/zone/.git", 0o777) == 0, (try? writeFile(directory + "/zone/.git/config", "[core]")) != nil
        else { fatalError("the directory of the zone cannot be made: \(Errno.current)") }
        do {
            var conversation = try Conversation(zone: directory + "/zone")
            conversation.say(.initialize)
            var rest = input[...]
            while let message = KernelMessage(&rest) { conversation.say(message) }
            // Serving leaves the thread as its last caller.
            try FileCreator.become(user: 0, group: 0, umask: 0o022)
        } catch {
            fatalError("no session: \(error)")
        }
        require((try? readFile(directory + "/outside/file")) == "outside", "a file outside the zone changed")
        require((try? readFile(directory + "/zone/.git/config")) == "[core]", "a protected file changed")
    }

    private init(zone: String) throws {
        var ends: [Int32] = [-1, -1]
        _ = try check { unsafe socketpair(AF_UNIX, Int32(SOCK_SEQPACKET.rawValue) | O_CLOEXEC | O_NONBLOCK, 0, &ends) }
        kernel = SharedDescriptor(Descriptor(owning: ends[0]))
        let device = Descriptor(owning: ends[1])
        // A whole answer fits, whatever its size.
        var room: Int32 = 4 << 20
        for end in ends { unsafe setsockopt(end, SOL_SOCKET, SO_SNDBUFFORCE, &room, 4) }
        let policy = try AccessPolicy(
            source: "/", codeRepo: "/data/code-repo", sandbox: "/data/sandbox", hide: ["/data/code-repo/secret"],
            protect: [".git/config", ".git/hooks"])
        let source = try Source(root: try Descriptor.open(zone, [.path, .directory]), descriptors: 128)
        let files = PlaneFiles(
            policy: policy, zone: .codeRepo, source: source, sourcePath: "/data/code-repo", kept: try KeptState().plane(0))
        let features: Features = [
            .readdirplus, .symlinkCache, .accessControlLists, .noOpenDirectory, .killPrivileges, .temporaryFiles,
        ]
        session = try Session(
            ZonePlane(files, descriptors: 32),
            SessionOptions(name: "code-repo", source: "/", readOnly: false, features: features, workers: 1), device: device)
    }

    private mutating func say(_ message: KernelMessage) {
        unique += 2
        let node: UInt64 =
            switch message.node {
            case 240...: message.body.prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
            default: nodes[Int(message.node) % nodes.count]
            }
        if message.operation == 36 { interrupts.insert(unique) }
        session.serve(message: message.bytes(node: node, unique: unique))
        listen(message)
    }

    /// What the session answered: one message at most, in the shape that the kernel takes.
    private mutating func listen(_ message: KernelMessage) {
        var buffer = [UInt8](repeating: 0, count: 1 << 18)
        var answers = 0
        while true {
            let raw = kernel.descriptor.rawValue
            let count = unsafe buffer.withUnsafeMutableBytes { unsafe recv(raw, $0.baseAddress, $0.count, Int32(MSG_TRUNC)) }
            guard count > 0 else { break }
            require(count >= 16, "an answer of \(count) bytes")
            let length = unsafe buffer.withUnsafeBytes { unsafe $0.load(as: UInt32.self) }
            let answered = unsafe buffer.withUnsafeBytes { unsafe $0.load(fromByteOffset: 8, as: UInt64.self) }
            let error = unsafe buffer.withUnsafeBytes { unsafe $0.load(fromByteOffset: 4, as: Int32.self) }
            require(Int(length) == count, "an answer says that it has \(length) bytes and has \(count)")
            // 0 is a notification.
            if answered == 0 || interrupts.remove(answered) != nil { continue }
            require(answered == unique, "an answer to \(answered), asked was \(unique)")
            require((-4095...0).contains(error), "an answer with the errno \(error)")
            answers += 1
            if error == 0, count >= 24, message.makesNode {
                let made = unsafe buffer.withUnsafeBytes { unsafe $0.load(fromByteOffset: 16, as: UInt64.self) }
                if made != 0, nodes.count < 32 { nodes.append(made) }
            }
        }
        require(answers <= 1, "\(answers) answers to one message")
        require(answers == 1 || !message.wantsAnswer, "no answer to operation \(message.operation)")
    }
}

/// One message of an input.
struct KernelMessage {
    let operation: UInt32
    let node: UInt8
    let flags: UInt8
    let body: [UInt8]

    init?(_ rest: inout ArraySlice<UInt8>) {
        guard rest.count >= 5 else { return nil }
        let head = Array(rest.prefix(5))
        rest = rest.dropFirst(5)
        operation = head[0] == 255 ? 4096 : UInt32(head[0])
        node = head[1]
        flags = head[2]
        // Two bodies of 4 KiB are as good as one of 64.
        let length = (Int(head[3]) | Int(head[4]) << 8) & 0x1fff
        body = Array(rest.prefix(length))
        rest = rest.dropFirst(length)
    }

    private init(_ operation: UInt32, _ body: [UInt8]) {
        self.operation = operation
        node = 1
        flags = 0
        self.body = body
    }

    /// What the kernel begins with: protocol 7.38, every flag offered.
    static let initialize: KernelMessage = {
        var body = [UInt8](repeating: 0, count: 64)
        body.replaceSubrange(0..<16, with: [7, 0, 0, 0, 38, 0, 0, 0, 0, 0, 2, 0, 0xff, 0xff, 0xff, 0xff])
        body.replaceSubrange(16..<20, with: [0xff, 0, 0, 0])
        return KernelMessage(26, body)
    }()

    /// Whether the answer begins with a node: lookup, symlink, mknod, mkdir, link, create, tmpfile.
    var makesNode: Bool { [1, 6, 8, 9, 13, 35, 51].contains(operation) }

    /// Those that the kernel does not wait for, and those that libfuse itself answers or not as it sees fit.
    var wantsAnswer: Bool { ![2, 36, 38, 41, 42].contains(operation) && flags & 0x80 == 0 }

    /// The header is `struct fuse_in_header` of <linux/fuse.h>. Flags: 1 says another length than there is, 2 is root's, 0x80 cuts the header.
    func bytes(node: UInt64, unique: UInt64) -> [UInt8] {
        let length = UInt32(40 + body.count) &+ (flags & 1 != 0 ? UInt32(flags) << 5 : 0)
        let user: UInt32 = flags & 2 != 0 ? 0 : 61_234
        var bytes: [UInt8] = []
        for word in [length, operation] { bytes += Self.little(UInt64(word), 4) }
        bytes += Self.little(unique, 8) + Self.little(node, 8)
        for word in [user, user, UInt32(getpid()), 0] { bytes += Self.little(UInt64(word), 4) }
        bytes += body
        return flags & 0x80 != 0 ? Array(bytes.prefix(Int(flags & 0x3f))) : bytes
    }

    private static func little(_ value: UInt64, _ count: Int) -> [UInt8] {
        (0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * UInt64($0))) }
    }
}
