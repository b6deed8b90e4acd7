/// What the kernel and this session agreed on, and what can be asked of the kernel beside answering.
package final class Connection: Sendable {
    /// What was negotiated.
    package let features: Features
    package let notifier: Notifier
    package let backing: BackingFiles

    init(features: Features, notifier: Notifier, backing: BackingFiles) {
        self.features = features
        self.notifier = notifier
        self.backing = backing
    }
}

/// Techniques that the kernel has and that were not asked to be left off.
package struct Features: OptionSet, Hashable, Sendable {
    package let rawValue: UInt32
    package init(rawValue: UInt32) { self.rawValue = rawValue }

    /// The kernel reads and writes backing files by itself (FUSE_PASSTHROUGH, Linux 6.9).
    package static let passthrough = Features(rawValue: 1 << 0)
    /// An open may be answered with ENOSYS once and for all (FUSE_NO_OPEN_SUPPORT).
    package static let noOpen = Features(rawValue: 1 << 1)
    /// The same for directories (FUSE_NO_OPENDIR_SUPPORT).
    package static let noOpenDirectory = Features(rawValue: 1 << 2)
    /// The kernel asks for listings with lookups (FUSE_DO_READDIRPLUS), by its own judgement (FUSE_READDIRPLUS_AUTO).
    package static let readdirplus = Features(rawValue: 1 << 3)
    /// The kernel keeps symbolic links' texts (FUSE_CACHE_SYMLINKS).
    package static let symlinkCache = Features(rawValue: 1 << 4)
    /// Setuid and setgid bits are cleared by the file system, which is told when (FUSE_HANDLE_KILLPRIV_V2): a write need not ask
    /// for `security.capability` each time.
    package static let killPrivileges = Features(rawValue: 1 << 5)
    /// O_TMPFILE is served (opcode 51, Linux 6.2).
    package static let temporaryFiles = Features(rawValue: 1 << 6)
    /// The kernel checks and keeps POSIX ACLs (FUSE_POSIX_ACL).
    package static let accessControlLists = Features(rawValue: 1 << 7)
    /// All names can be made doubtful at once (FUSE_NOTIFY_INC_EPOCH, Linux 6.16).
    package static let epoch = Features(rawValue: 1 << 8)
    /// Requests come through rings (FUSE_OVER_IO_URING, Linux 6.14), where the admin has allowed that (`fuse.enable_uring`).
    package static let rings = Features(rawValue: 1 << 9)
    /// Requests that were taken and not answered can be sent again (FUSE_HAS_RESEND, Linux 6.9).
    package static let resending = Features(rawValue: 1 << 10)
    /// POSIX locks are the file system's (FUSE_POSIX_LOCKS); without it the kernel keeps them, among the users of the mount.
    package static let locks = Features(rawValue: 1 << 11)
    /// AIO with O_DIRECT is not waited for (FUSE_ASYNC_DIO). Not where files are written: the kernel drops the pages of what is written so before it is
    /// written and not after, and whoever reads in between would leave old data in the cache.
    package static let asynchronousDirect = Features(rawValue: 1 << 12)
}
