internal import CLinux
internal import DeployModel

enum WallClock {
    /// The time of day (`man 2 clock_gettime`).
    static var now: Timestamp {
        var time = timespec()
        _ = unsafe clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(milliseconds: Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000)
    }

    /// The time of day as the header `Date` has it (RFC 9110, 5.6.7). Its names are English: the daemon never sets a locale.
    static var header: String {
        let seconds = time_t(now.milliseconds / 1000)
        var parts = unsafe tm()
        _ = unsafe withUnsafePointer(to: seconds) { unsafe gmtime_r($0, &parts) }
        var text = [UInt8](repeating: 0, count: 64)
        let format = "%a, %d %b %Y %H:%M:%S GMT"
        let length = unsafe text.withUnsafeMutableBytes { unsafe strftime($0.baseAddress, $0.count, format, &parts) }
        return String(decoding: text.prefix(length), as: UTF8.self)
    }
}
