internal import CLinux
internal import DeployModel
internal import LinuxSystem

enum WallClock {
    /// The time of day, as records have it.
    static var now: DeployModel.Timestamp { .init(milliseconds: SystemClock.now.milliseconds) }

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
