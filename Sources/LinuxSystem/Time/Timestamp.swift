/// Seconds and nanoseconds since 1970-01-01 UTC; times before that have negative seconds and nanoseconds that count up all the
/// same.
package struct Timestamp: Hashable, Sendable {
    package var seconds: Int64
    /// 0 ..< 1,000,000,000.
    package var nanoseconds: UInt32

    package init(seconds: Int64, nanoseconds: UInt32) {
        self.seconds = seconds
        self.nanoseconds = nanoseconds
    }

    /// Since 1970, without what is less than one.
    package var milliseconds: Int64 { seconds * 1000 + Int64(nanoseconds / 1_000_000) }
}
