internal import Synchronization

/// A word in memory that processes share.
@safe package struct SharedWord: @unchecked Sendable {
    // @unchecked: atomic operations alone touch it.
    private let word: UnsafeMutablePointer<Atomic<UInt64>>

    /// - Parameter place: 8 bytes, aligned, there for as long as this lives.
    package init(at place: UnsafeMutableRawPointer) { unsafe word = unsafe place.assumingMemoryBound(to: Atomic<UInt64>.self) }

    /// What was written before a value by its writer is seen by who has loaded it.
    package var value: UInt64 {
        get { unsafe word.pointee.load(ordering: .sequentiallyConsistent) }
        nonmutating set { unsafe word.pointee.store(newValue, ordering: .sequentiallyConsistent) }
    }

    /// - Returns: what it was.
    @discardableResult
    package nonmutating func add(_ count: UInt64) -> UInt64 {
        unsafe word.pointee.wrappingAdd(count, ordering: .sequentiallyConsistent).oldValue
    }

    /// Makes it `new` if it is `old`.
    /// - Returns: whether it was.
    @discardableResult
    package nonmutating func replace(_ old: UInt64, by new: UInt64) -> Bool {
        unsafe word.pointee.compareExchange(expected: old, desired: new, ordering: .sequentiallyConsistent).exchanged
    }

    /// Sets these bits; whoever acts afterwards finds them set, as does who looks after having seen what that did.
    package nonmutating func set(_ bits: UInt64) {
        if unsafe word.pointee.load(ordering: .acquiring) & bits == bits { return }
        _ = unsafe word.pointee.bitwiseOr(bits, ordering: .sequentiallyConsistent)
    }

    /// The value, in whatever order with others.
    package var hint: UInt64 { unsafe word.pointee.load(ordering: .acquiring) }
}
