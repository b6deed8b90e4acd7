internal import LinuxSystem

/// The backing files that the kernel has registered on a connection, which outlive the process that registered them.
///
/// A row is written before the kernel is asked and taken back after it let go, so that no registration is lost: it would hold a file's space
/// until the last unmount.
package final class BackingRecords: Sendable {
    package struct Row: BitwiseCopyable {
        /// The kernel's number; 0 where it has not answered.
        package var id: UInt32
        package var user: UInt32
        var isUsed: UInt32
    }

    private static let capacity = 1 << 20
    package static let size = KeptRows<Row>.size(capacity: capacity)
    private let rows: Lock<KeptRows<Row>>

    /// - Parameter memory: of `size` bytes.
    package init(_ memory: UnsafeMutableRawPointer) { rows = unsafe Lock(KeptRows(memory, capacity: Self.capacity)) }

    package var isPlausible: Bool { rows.withLock { $0.isPlausible } }

    /// The kernel is about to be asked; nil where there is no more room.
    func begin(for user: UInt32) -> Int? {
        rows.withLock { rows in
            guard let row = rows.take() else { return nil }
            rows[row] = Row(id: 0, user: user, isUsed: 0)
            settle()
            unsafe rows.pointer(row).pointee.isUsed = 1
            return row
        }
    }

    /// The kernel has answered. Its numbers count up (`fuse_backing_id_alloc`): the highest is kept as the table's note.
    func made(_ row: Int, _ id: UInt32) {
        rows.withLock { rows in
            unsafe rows.pointer(row).pointee.id = id
            rows.note = max(rows.note, UInt64(id))
        }
    }

    /// Nothing is registered, or not any more.
    func end(_ row: Int) {
        rows.withLock { rows in
            unsafe rows.pointer(row).pointee.isUsed = 0
            rows.giveBack(row)
        }
    }

    /// Takes over what a predecessor left: answers the rows whose number `isWanted`; of the others the kernel lets go by `close`.
    func adopt(isWanted: (UInt32) -> Bool, close: (UInt32) -> Void) -> [(row: Int, id: UInt32, user: UInt32)] {
        let (used, highest) = rows.withLock { rows in
            (rows.adopt { $0.isUsed != 0 }.map { ($0, rows[$0]) }, UInt32(truncatingIfNeeded: rows.note))
        }
        var wanted: [(row: Int, id: UInt32, user: UInt32)] = []
        var unanswered: UInt32 = 0
        for (row, entry) in used {
            if entry.id != 0, isWanted(entry.id) {
                wanted.append((row, entry.id, entry.user))
            } else {
                if entry.id == 0 { unanswered += 1 } else { close(entry.id) }
                end(row)
            }
        }
        // Registered by a process that was killed before it wrote the number down: the next ones after the highest that is known.
        if unanswered > 0 { for id in 1...2 * unanswered { close(highest &+ id) } }
        return wanted
    }
}
