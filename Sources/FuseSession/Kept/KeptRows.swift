internal import Synchronization

/// A table in memory that outlives its process. Which rows are in use the rows themselves say; which are free is worked out anew from that by whoever
/// takes the table over.
@safe package struct KeptRows<Row: BitwiseCopyable>: @unchecked Sendable {
    // @unchecked: taking and giving back are done under the owner's lock; who has taken a row has it alone.
    private let touched: UnsafeMutablePointer<UInt64>
    private let base: UnsafeMutablePointer<Row>
    private let capacity: Int
    private var free: [UInt32] = []

    private static var headerSize: Int { 64 }
    package static func size(capacity: Int) -> Int { headerSize + capacity * MemoryLayout<Row>.stride }

    /// - Parameter memory: of `size(capacity:)` bytes, zero in the beginning, as long as this is used.
    package init(_ memory: UnsafeMutableRawPointer, capacity: Int) {
        unsafe touched = memory.assumingMemoryBound(to: UInt64.self)
        unsafe base = (memory + Self.headerSize).assumingMemoryBound(to: Row.self)
        self.capacity = capacity
    }

    /// How many rows were ever taken: those after them are zero.
    package var count: Int { unsafe Int(clamping: min(touched.pointee, UInt64(capacity))) }

    /// Whether the table can be one: what else is in the memory is not looked at then.
    package var isPlausible: Bool { unsafe touched.pointee <= UInt64(capacity) }

    /// A word that the table's owner may keep beside the rows.
    package var note: UInt64 {
        get { unsafe touched[1] }
        nonmutating set { unsafe touched[1] = newValue }
    }

    /// A row that nobody has; nil where all are taken.
    package mutating func take() -> Int? {
        if let row = free.popLast() { return Int(row) }
        let row = count
        guard row < capacity else { return nil }
        // Before the row is written, or nobody would look at it.
        unsafe touched.pointee = UInt64(row + 1)
        return row
    }

    package mutating func giveBack(_ row: Int) { free.append(UInt32(row)) }

    /// Takes over what is there: all rows but those in use, which are the result, are free.
    package mutating func adopt(isUsed: (Row) -> Bool) -> [Int] {
        var used: [Int] = []
        free = []
        for row in (0..<count).reversed() {
            if isUsed(self[row]) { used.append(row) } else { free.append(UInt32(row)) }
        }
        return used.reversed()
    }

    @inline(__always)
    package func pointer(_ row: Int) -> UnsafeMutablePointer<Row> { unsafe base + row }

    @inline(__always)
    package subscript(row: Int) -> Row {
        get { unsafe base[row] }
        nonmutating set { unsafe base[row] = newValue }
    }
}

/// What was written before this is in memory before what is written after it, for whoever finds it after this process was killed in between.
@inline(__always)
package func settle() { atomicMemoryFence(ordering: .releasing) }
