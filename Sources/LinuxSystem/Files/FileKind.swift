internal import CLinux

/// What kind of file a mode names (`man 7 inode`, S_IFMT).
package enum FileKind: UInt32, Sendable {
    case fifo = 0o010000
    case characterDevice = 0o020000
    case directory = 0o040000
    case blockDevice = 0o060000
    case regular = 0o100000
    case symbolicLink = 0o120000
    case socket = 0o140000

    /// The kind in the bits of `mode`; nil where the bits name none.
    package init?(mode: UInt32) { self.init(rawValue: mode & 0o170000) }

    /// The same as a `d_type` (`man 3 readdir`).
    package var directoryType: UInt8 { UInt8(rawValue >> 12) }
}
