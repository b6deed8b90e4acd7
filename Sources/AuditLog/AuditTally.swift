package import LinuxSystem
internal import Synchronization

/// How many events were taken and how many of them the record tells of, in memory that outlives this process: what waited to be
/// written when a process was killed is lost, and the next one's record says how much that was.
@safe package final class AuditTally: @unchecked Sendable {
    // @unchecked: the words are touched by atomic operations alone.
    private let memory: SharedMemory
    private let words: UnsafeMutablePointer<Atomic<UInt64>>

    /// - Parameter memory: zero, or that of a tally before.
    package init(_ memory: SharedMemory) {
        self.memory = memory
        unsafe words = unsafe memory.bytes.bindMemory(to: Atomic<UInt64>.self).baseAddress.unsafelyUnwrapped
    }

    package var rawDescriptor: Int32 { memory.rawDescriptor }

    func took(_ count: UInt64) { unsafe words[0].add(count, ordering: .relaxed) }

    func told(_ count: UInt64) { unsafe words[1].add(count, ordering: .relaxed) }

    /// What was taken and not told.
    var outstanding: UInt64 {
        // In this order, or what is taken meanwhile would be less than nothing.
        let told = unsafe words[1].load(ordering: .acquiring)
        return unsafe words[0].load(ordering: .acquiring) &- told
    }
}
