internal import LinuxSystem
internal import SystemPackage

/// Where a new program's first server stands until the view is its own: with everything made that may fail, and nothing changed.
///
/// Shared by the keeper and its servers. Until it has begun, neither touches the mounts or what is kept but for reading.
final class Takeover: Sendable {
    private let standing: EventDescriptor
    private let begun: EventDescriptor
    private let bell: EventDescriptor

    /// - Parameter bell: rung when the server stands there.
    init(_ bell: EventDescriptor) throws(Errno) {
        standing = try EventDescriptor()
        begun = try EventDescriptor()
        self.bell = bell
    }

    /// Whether the view is this program's.
    var hasBegun: Bool { begun.wait(milliseconds: 0) }

    var isStanding: Bool { standing.wait(milliseconds: 0) }

    /// In a server: waits until the view is this program's. The server ends when its keeper does.
    func standBy() {
        standing.set()
        bell.set()
        begun.wait()
    }

    /// In the keeper: the view is its own.
    func begin() { begun.set() }
}
