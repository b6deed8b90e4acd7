internal import CFuse3
package import LinuxSystem

/// What a chmod, chown, truncate or utimensat asks for (`struct fuse_setattr_in` in <linux/fuse.h>).
package struct AttributeChanges: Sendable {
    /// A time to set.
    package enum Time: Hashable, Sendable {
        case now
        case at(Timestamp)
    }

    /// Permission bits, with setuid, setgid and sticky; the kernel has cleared setgid already where the caller may not set it.
    package var mode: UInt32?
    package var owner: UInt32?
    package var group: UInt32?
    package var size: UInt64?
    package var accessed: Time?
    package var modified: Time?
    /// The open file that the change came through, where it did (ftruncate).
    package var handle: Handle?
    /// Whether setuid and setgid bits go with this change (FATTR_KILL_SUIDGID): a truncation by somebody without CAP_FSETID.
    package var killsPrivileges: Bool
}
