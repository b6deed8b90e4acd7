internal import CFuse3

/// The answer to the kernel's INIT: what it offers, less what is not wanted. See `struct fuse_init_in` and `fuse_init_out` in
/// <linux/fuse.h>.
///
/// libfuse 3.14 would leave half of it out: it never sends FUSE_PARALLEL_DIROPS back and knows nothing above bit 35, so its reply
/// is replaced on the way to the device.
struct Negotiation {
    let features: Features
    let reply: fuse_init_out

    /// The bits of <linux/fuse.h> that the header of Linux 6.1 lacks.
    private static let passthrough: UInt64 = 1 << 37
    private static let noExportSupport: UInt64 = 1 << 38
    private static let hasResend: UInt64 = 1 << 39
    private static let overRings: UInt64 = 1 << 41

    /// Always wanted. AUTO_INVAL_DATA drops pages whose file has another time or size than before; DONT_MASK leaves the umask to
    /// the file system, since a default ACL replaces it.
    private static let always =
        UInt64(FUSE_ASYNC_READ | FUSE_ATOMIC_O_TRUNC | FUSE_BIG_WRITES | FUSE_DONT_MASK)
        | UInt64(FUSE_AUTO_INVAL_DATA | FUSE_PARALLEL_DIROPS | FUSE_MAX_PAGES | FUSE_INIT_EXT)
        // File handles of the mount would be accepted for files that were never looked up through it.
        | noExportSupport

    private static let optional: [(feature: Features, bits: UInt64)] = [
        (.passthrough, passthrough),
        (.noOpen, UInt64(FUSE_NO_OPEN_SUPPORT)),
        (.noOpenDirectory, UInt64(FUSE_NO_OPENDIR_SUPPORT)),
        (.readdirplus, UInt64(FUSE_DO_READDIRPLUS | FUSE_READDIRPLUS_AUTO)),
        (.symlinkCache, UInt64(FUSE_CACHE_SYMLINKS)),
        (.killPrivileges, UInt64(FUSE_HANDLE_KILLPRIV_V2)),
        (.accessControlLists, UInt64(FUSE_POSIX_ACL)),
        (.rings, overRings),
        (.resending, hasResend),
        (.locks, UInt64(FUSE_POSIX_LOCKS)),
        (.asynchronousDirect, UInt64(FUSE_ASYNC_DIO)),
    ]

    init(_ offer: fuse_init_in, _ options: SessionOptions, maximalWrite: UInt32) {
        let offered = UInt64(offer.flags) | (UInt64(offer.flags) & UInt64(FUSE_INIT_EXT) != 0 ? UInt64(offer.flags2) << 32 : 0)
        var wanted = Self.always & offered
        var agreed = Features()
        for (feature, bits) in Self.optional where options.features.contains(feature) && offered & bits == bits {
            wanted |= bits
            agreed.insert(feature)
        }
        // The kernel offers neither by a bit: O_TMPFILE comes as an opcode, the epoch with protocol 7.44.
        if options.features.contains(.temporaryFiles) { agreed.insert(.temporaryFiles) }
        if options.features.contains(.epoch), offer.minor >= 44 { agreed.insert(.epoch) }

        var reply = fuse_init_out()
        reply.major = UInt32(FUSE_KERNEL_VERSION)
        reply.minor = UInt32(FUSE_KERNEL_MINOR_VERSION)
        reply.max_readahead = offer.max_readahead
        reply.flags = UInt32(truncatingIfNeeded: wanted)
        reply.flags2 = UInt32(truncatingIfNeeded: wanted >> 32)
        reply.max_background = 128
        reply.congestion_threshold = 96
        reply.max_write = maximalWrite
        reply.time_gran = 1
        reply.max_pages = UInt16(clamping: (maximalWrite + 4095) / 4096)
        // The kernel of 6.9 calls the first word after flags2 max_stack_depth.
        if agreed.contains(.passthrough) { reply.unused.0 = options.stackDepth }
        features = agreed
        self.reply = reply
    }
}
