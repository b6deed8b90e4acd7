internal import CLinux
internal import Synchronization

/// A word in memory that processes share, by which one tells another that there is something to look at (`man 2 futex`).
@safe package struct SharedBell: @unchecked Sendable {
    // @unchecked: atomic operations and the kernel alone touch it.
    private let word: UnsafeMutablePointer<UInt32>
    private var count: UnsafeMutablePointer<Atomic<UInt32>> {
        unsafe UnsafeMutableRawPointer(word).assumingMemoryBound(to: Atomic<UInt32>.self)
    }

    /// - Parameter place: 4 bytes, aligned, zero in the beginning, there for as long as this lives.
    package init(at place: UnsafeMutableRawPointer) { unsafe word = unsafe place.assumingMemoryBound(to: UInt32.self) }

    /// Wakes whoever waits, and whoever has looked before this and is about to wait.
    package func ring() {
        unsafe count.pointee.wrappingAdd(1, ordering: .sequentiallyConsistent)
        _ = unsafe pinfold_futex_wake(word)
    }

    /// How often it has rung: asked before one looks, and given to `wait` where there was nothing.
    package var rings: UInt32 { unsafe count.pointee.load(ordering: .sequentiallyConsistent) }

    /// Waits until it has rung once more than `rings`, or for the time `until` on the monotonic clock, in nanoseconds; at times for less.
    package func wait(after rings: UInt32, until: UInt64? = nil) {
        guard let until else {
            _ = unsafe pinfold_futex_wait(word, rings, nil)
            return
        }
        var deadline = timespec(tv_sec: Int(until / 1_000_000_000), tv_nsec: Int(until % 1_000_000_000))
        _ = unsafe pinfold_futex_wait(word, rings, &deadline)
    }
}
