internal import FuseSession
internal import LinuxSystem

/// Where everything lies in the memory that outlives a daemon: a page of words, then a region for each plane.
///
/// The memory is sparse: what was never written takes nothing. Whoever changes what is said here, or any of the structures in it, raises
/// `version`: a daemon of another one refuses the memory instead of taking it for something else.
enum KeptLayout {
    static let magic: UInt64 = 0x3145_5441_5453_4650  // "PFSTATE1"
    static let version: UInt64 = 2
    /// What the kernel takes and gives memory in, at least.
    static let page = 4096

    /// The view, what of it is live, two zones, what is around the view.
    static let planes = 5
    static let words = 64

    // MARK: The first page, in words

    static let magicWord = 0
    static let versionWord = 1
    static let shapeWord = 2
    static let sizeWord = 3
    static let firstFreeWord = 16

    // MARK: A plane's region, in bytes from its start

    static let mounts = page
    static let mountCapacity = 4096
    static let once = mounts + rounded(mountCapacity * MemoryLayout<KeptMount>.stride)
    static let backings = once + rounded(OnceRing.size)
    static let opens = backings + rounded(BackingRecords.size)
    static let openCapacity = 1 << 20
    static let paths = opens + rounded(KeptRows<KeptOpen>.size(capacity: openCapacity))
    static let pathCapacity = 1 << 20
    static let nodes = paths + rounded(KeptRows<KeptPath>.size(capacity: pathCapacity))

    static let shards = 16
    static let pageNodes = 1024
    static let pageBytes = rounded(pageNodes * MemoryLayout<Node>.stride)
    /// 24 bits of slot: 268 million files in a plane, which would be 19 GB.
    static let shardPages = (1 << 24) / pageNodes
    static let shardBytes = shardPages * pageBytes

    static let planeBytes = nodes + shards * shardBytes
    static func size(planes: Int) -> Int { page + planes * planeBytes }

    /// A number that is another one for nearly every other shape: what a forgotten `version` would let pass.
    static var shape: UInt64 {
        [
            MemoryLayout<Node>.stride, MemoryLayout<KeptOpen>.stride, MemoryLayout<KeptMount>.stride,
            MemoryLayout<KeptPath>.stride, OnceRing.size,
            BackingRecords.size, nodes, pageBytes, shardBytes,
        ].reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
    }

    private static func rounded(_ bytes: Int) -> Int { (bytes + page - 1) / page * page }
}

/// A mount of a plane's source, by its index. A row is whole when its number is there, which is written last.
struct KeptMount: BitwiseCopyable {
    /// Of the kernel (STATX_MNT_ID); 0 where there is no row.
    var number: UInt64
    var device: UInt64
    /// The descriptor that handles are opened through; -1 where there is none.
    var anchor: Int32
    var isSealed: UInt32
}

/// An open file. A row is whole when `opens` is not 0, which is written last and taken back first.
struct KeptOpen: BitwiseCopyable {
    var node: UInt64
    var inode: UInt64
    var opens: UInt32
    /// The number that the kernel knows the backing file by; 0 where there is none.
    var backing: UInt32
    var user: UInt32
    /// Descriptors; -1 where there is none.
    var location: Int32
    var writer: Int32
    var isPassedThrough: UInt32
}

/// Where a file without a handle was found. A row is whole when its node is there, which is written last.
struct KeptPath: BitwiseCopyable {
    var node: UInt64
    var parent: UInt64
    var count: UInt32
    /// As long as names get (`NAME_MAX`).
    var name: InlineArray<256, UInt8>

    /// Without its node.
    init(parent: UInt64, name: [UInt8]) {
        node = 0
        self.parent = parent
        count = UInt32(min(name.count, 256))
        self.name = InlineArray { $0 < name.count ? name[$0] : 0 }
    }

    var bytes: [UInt8] { (0..<Int(min(count, 256))).map { name[$0] } }
}

/// Why what a daemon left is not taken over, in one line for a person.
package struct KeptError: Error, Hashable, Sendable, CustomStringConvertible {
    package let description: String
    init(_ text: String) { description = "what the last daemon left cannot be taken over: \(text)" }
}
