internal import CLinux
internal import DeployModel

enum WallClock {
    /// The time of day (`man 2 clock_gettime`).
    static var now: Timestamp {
        var time = timespec()
        _ = unsafe clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(milliseconds: Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000)
    }
}
