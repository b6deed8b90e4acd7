internal import CLinux

/// The flags of an open (`man 2 open`): Linux's numbers on x86-64 and arm64, which the FUSE protocol passes on unchanged.
package struct OpenFlags: OptionSet, Hashable, Sendable {
    package let rawValue: Int32
    package init(rawValue: Int32) { self.rawValue = rawValue }

    package static let readOnly = OpenFlags([])
    package static let writeOnly = OpenFlags(rawValue: O_WRONLY)
    package static let readWrite = OpenFlags(rawValue: O_RDWR)
    package static let create = OpenFlags(rawValue: O_CREAT)
    package static let exclusive = OpenFlags(rawValue: O_EXCL)
    package static let truncate = OpenFlags(rawValue: O_TRUNC)
    package static let append = OpenFlags(rawValue: O_APPEND)
    package static let nonBlocking = OpenFlags(rawValue: O_NONBLOCK)
    package static let dataSync = OpenFlags(rawValue: O_DSYNC)
    package static let sync = OpenFlags(rawValue: O_SYNC)
    package static let direct = OpenFlags(rawValue: pinfold_O_DIRECT)
    package static let noFollow = OpenFlags(rawValue: O_NOFOLLOW)
    package static let noAccessTime = OpenFlags(rawValue: pinfold_O_NOATIME)
    package static let noControllingTerminal = OpenFlags(rawValue: O_NOCTTY)
    package static let directory = OpenFlags(rawValue: O_DIRECTORY)
    package static let closeOnExec = OpenFlags(rawValue: O_CLOEXEC)
    /// The location alone, without opening what is there: never blocks and touches no device.
    package static let path = OpenFlags(rawValue: pinfold_O_PATH)
    /// A file without a name in the directory that is opened; holds the bits of `directory`.
    package static let temporary = OpenFlags(rawValue: pinfold_O_TMPFILE)

    /// How the descriptor may be used.
    package enum Access: Int32, Sendable {
        case readOnly = 0
        case writeOnly, readWrite
    }
    package var access: Access { Access(rawValue: rawValue & O_ACCMODE) ?? .readWrite }
    /// Whether this open can change the file: by writing, or by truncating, which O_RDONLY|O_TRUNC does too.
    package var writes: Bool { access != .readOnly || contains(.truncate) }

    /// These flags with the access replaced.
    package func with(_ access: Access) -> OpenFlags { OpenFlags(rawValue: (rawValue & ~O_ACCMODE) | access.rawValue) }
}
