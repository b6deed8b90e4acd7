internal import CFuse3
internal import CLinux
package import SystemPackage

/// A part of a directory's listing, filled up to the size that the kernel asked for.
@safe package struct DirectoryRequest: ~Copyable {
    let origin: Origin
    package var caller: Caller { origin.caller }
    private let buffer: UnsafeMutableRawPointer?
    private let capacity: Int
    private var used = 0

    private static let nameOffset = 24  // FUSE_NAME_OFFSET
    private static let plusSize = MemoryLayout<fuse_entry_out>.size

    init(origin: Origin, size: Int) {
        self.origin = origin
        // Zeroed: the padding after a name goes to the caller.
        unsafe buffer = unsafe calloc(1, max(size, 1))
        capacity = unsafe buffer == nil ? 0 : size
    }

    deinit {
        unsafe free(buffer)
        origin.fail(.ioError)
    }

    package consuming func fail(_ error: Errno) {
        origin.fail(error)
        unsafe free(buffer)
        discard self
    }

    /// Replies what was added. Nothing means the end of the directory.
    package consuming func finish() {
        if unsafe buffer == nil {
            origin.fail(.noMemory)
        } else {
            _ = unsafe origin.succeed(UnsafeRawBufferPointer(start: buffer, count: used))
        }
        unsafe free(buffer)
        discard self
    }

    package var isEmpty: Bool { used == 0 }

    /// Whether an entry with a name of `count` bytes still has room: to be asked before a node is looked up for `addWithEntry`.
    package func fits(nameCount count: Int, withEntry: Bool) -> Bool {
        used + Self.recordSize(nameCount: count) + (withEntry ? Self.plusSize : 0) <= capacity
    }

    /// Adds a name; false, and nothing added, where it has no room. `next` is the offset that a later request starts after this
    /// entry with.
    package mutating func add(_ name: UnsafeBufferPointer<UInt8>, inode: UInt64, type: UInt8, next: Int64) -> Bool {
        guard fits(nameCount: name.count, withEntry: false) else { return false }
        unsafe put(name, inode: inode, type: type, next: next)
        return true
    }

    /// Adds a name with its entry, which counts as a lookup; nil for `.`, `..` and what could not be looked up, which the kernel
    /// asks for when it needs it.
    package mutating func addWithEntry(
        _ entry: Entry?, _ name: UnsafeBufferPointer<UInt8>, inode: UInt64, type: UInt8, next: Int64
    ) -> Bool {
        guard fits(nameCount: name.count, withEntry: true), let buffer = unsafe buffer else { return false }
        if let entry { unsafe (buffer + used).storeBytes(of: fuse_entry_out(entry), as: fuse_entry_out.self) }
        used += Self.plusSize
        unsafe put(name, inode: inode, type: type, next: next)
        return true
    }

    /// FUSE_DIRENT_ALIGN: records start at multiples of eight bytes.
    private static func recordSize(nameCount: Int) -> Int { (nameOffset + nameCount + 7) & ~7 }

    private mutating func put(_ name: UnsafeBufferPointer<UInt8>, inode: UInt64, type: UInt8, next: Int64) {
        guard let record = unsafe buffer.map({ unsafe $0 + used }) else { return }
        unsafe record.storeBytes(of: inode, as: UInt64.self)
        unsafe record.storeBytes(of: UInt64(bitPattern: next), toByteOffset: 8, as: UInt64.self)
        unsafe record.storeBytes(of: UInt32(name.count), toByteOffset: 16, as: UInt32.self)
        unsafe record.storeBytes(of: UInt32(type), toByteOffset: 20, as: UInt32.self)
        if let start = name.baseAddress { unsafe (record + Self.nameOffset).copyMemory(from: start, byteCount: name.count) }
        used += Self.recordSize(nameCount: name.count)
    }
}
