package import LinuxSystem
internal import Synchronization

/// One mount of a plane's clone: what a file handle is opened through.
package final class Mount: Sendable {
    /// Its index in `Source.mounts`, and in every node that was found on it.
    package let index: UInt16
    /// The kernel's number of it (STATX_MNT_ID).
    package let number: UInt64
    /// The filesystem's device number, as in `st_dev`.
    package let device: UInt64
    /// The mount's root, open for reading; nil where handles are not used on it.
    package let anchor: SharedDescriptor?
    /// A pseudo filesystem of the host, or another FUSE mount: its root is shown as an empty directory, and nothing of it is ever touched.
    let isSealed: Bool
    private let watched = Atomic(false)

    init(index: UInt16, number: UInt64, device: UInt64, anchor: SharedDescriptor?, isSealed: Bool) {
        self.index = index
        self.number = number
        self.device = device
        self.anchor = anchor
        self.isSealed = isSealed
    }

    /// Whether every change of the filesystem is reported to the kernel, so that it may keep answers for as long as it likes; else it
    /// keeps them for a second.
    package var isWatched: Bool {
        get { watched.load(ordering: .relaxed) }
        set { watched.store(newValue, ordering: .relaxed) }
    }
}
