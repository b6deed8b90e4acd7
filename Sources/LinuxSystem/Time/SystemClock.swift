internal import CLinux

/// The kernel's clocks (`man 2 clock_gettime`).
package enum SystemClock {
    /// The time of day, which somebody may set (CLOCK_REALTIME).
    package static var now: Timestamp {
        let time = read(CLOCK_REALTIME)
        return Timestamp(seconds: Int64(time.tv_sec), nanoseconds: UInt32(time.tv_nsec))
    }

    /// The same as of the last tick: no later than what a file system writes down as the present (CLOCK_REALTIME_COARSE).
    package static var coarseTimeOfDay: Timestamp {
        let time = read(CLOCK_REALTIME_COARSE)
        return Timestamp(seconds: Int64(time.tv_sec), nanoseconds: UInt32(time.tv_nsec))
    }

    /// Nanoseconds that never run backwards, and stand still while the machine sleeps (CLOCK_MONOTONIC).
    package static var monotonic: UInt64 { nanoseconds(read(CLOCK_MONOTONIC)) }

    /// The same as of the last tick, some milliseconds ago: for what is asked with each request (CLOCK_MONOTONIC_COARSE).
    package static var coarse: UInt64 { nanoseconds(read(CLOCK_MONOTONIC_COARSE)) }

    @inline(__always)
    private static func read(_ clock: clockid_t) -> timespec {
        var time = timespec()
        // It fails for a clock that does not exist only.
        unsafe clock_gettime(clock, &time)
        return time
    }

    @inline(__always)
    private static func nanoseconds(_ time: timespec) -> UInt64 { UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec) }
}
