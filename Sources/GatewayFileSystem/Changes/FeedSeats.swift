internal import LinuxSystem
internal import SystemPackage

/// What a gateway takes in of a feed.
struct FeedSeats: Sendable {
    /// For the planes whose kernels remember what they were told.
    let coherence: Subscription?
    /// For the record of a sandbox that the kernel serves by itself.
    let doings: Subscription?

    /// Which of the two there have to be.
    struct Wanted: Sendable {
        var coherence: Bool
        var doings: Bool
    }

    /// - Throws: ENOSPC where the feed has no seats left, ETIMEDOUT where nobody gets any just now.
    init(_ feed: ChangeFeed, _ wanted: Wanted) throws(Errno) {
        coherence = wanted.coherence ? try feed.subscribe(to: FilesystemMonitor.coherence, .prompt) : nil
        doings = wanted.doings ? try feed.subscribe(to: FilesystemMonitor.doings, .follows, limit: Self.mostDoings) : nil
        // Nothing of the zone is known yet.
        doings?.open()
    }

    /// Bytes, some 80,000 changes. The agent can do more than is looked at, and must not fill the machine's memory with it: what is lost is counted.
    private static let mostDoings: UInt64 = 8 << 20
}
