internal import CFuse3
internal import Synchronization

/// How many requests of each kind a session has served. Reading and counting take no lock; a reading is not a snapshot of one
/// moment.
package final class RequestCounters: Sendable {
    private let counts = CounterTable()

    init() {}

    func count(_ opcode: UInt32) { counts.add(at: Int(opcode)) }

    /// The kinds that came at least once, by number of opcode.
    package var served: [(name: String, count: UInt64)] {
        (0..<CounterTable.size).compactMap { opcode in
            let count = counts.value(at: opcode)
            return count == 0 ? nil : (Self.name(opcode), count)
        }
    }

    /// The names of `enum fuse_opcode` in <linux/fuse.h>, in lower case.
    private static let names: [Int: String] = [
        1: "lookup", 2: "forget", 3: "getattr", 4: "setattr", 5: "readlink", 6: "symlink", 8: "mknod", 9: "mkdir", 10: "unlink",
        11: "rmdir", 12: "rename", 13: "link", 14: "open", 15: "read", 16: "write", 17: "statfs", 18: "release", 20: "fsync",
        21: "setxattr", 22: "getxattr", 23: "listxattr", 24: "removexattr", 25: "flush", 26: "init", 27: "opendir", 28: "readdir",
        29: "releasedir", 30: "fsyncdir", 31: "getlk", 32: "setlk", 33: "setlkw", 34: "access", 35: "create", 36: "interrupt",
        37: "bmap", 38: "destroy", 39: "ioctl", 40: "poll", 42: "batch_forget", 43: "fallocate", 44: "readdirplus", 45: "rename2",
        46: "lseek", 47: "copy_file_range", 50: "syncfs", 51: "tmpfile", 52: "statx",
    ]

    static func name(_ opcode: Int) -> String { names[opcode] ?? "opcode_\(opcode)" }
}

/// 64 counters that many threads add to.
@safe private final class CounterTable: @unchecked Sendable {
    // @unchecked: the storage is only touched by atomic operations, and freed when nobody has it any more.
    static let size = 64
    private let storage: UnsafeMutablePointer<Atomic<UInt64>>

    init() {
        unsafe storage = .allocate(capacity: Self.size)
        for index in 0..<Self.size { unsafe (storage + index).initialize(to: Atomic(0)) }
    }

    deinit {
        unsafe storage.deinitialize(count: Self.size)
        unsafe storage.deallocate()
    }

    func add(at index: Int) {
        // What the table does not know is counted in its last slot.
        unsafe storage[min(index, Self.size - 1)].add(1, ordering: .relaxed)
    }

    func value(at index: Int) -> UInt64 { unsafe storage[index].load(ordering: .relaxed) }
}
