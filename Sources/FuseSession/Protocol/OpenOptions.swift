/// What an open file is like for the kernel (FOPEN_* in <linux/fuse.h>).
package struct OpenOptions: OptionSet, Hashable, Sendable {
    package let rawValue: UInt32
    package init(rawValue: UInt32) { self.rawValue = rawValue }

    /// No page cache for this open file (FOPEN_DIRECT_IO).
    package static let direct = OpenOptions(rawValue: 1 << 0)
    /// What the page cache holds of the file is still right (FOPEN_KEEP_CACHE); without it an open drops the pages.
    package static let keepCache = OpenOptions(rawValue: 1 << 1)
    /// The kernel may keep the directory's listing (FOPEN_CACHE_DIR), and with `keepCache` use the one that it has.
    package static let cacheDirectory = OpenOptions(rawValue: 1 << 3)
    /// No flush request when a descriptor is closed (FOPEN_NOFLUSH).
    package static let noFlush = OpenOptions(rawValue: 1 << 5)
    /// Direct writes need not wait for each other (FOPEN_PARALLEL_DIRECT_WRITES).
    package static let parallelDirectWrites = OpenOptions(rawValue: 1 << 6)

    /// What may stand beside a backing file: the kernel fails the open with EIO on anything else (FOPEN_PASSTHROUGH_MASK, Linux
    /// 6.9).
    static let besideBackingFile: OpenOptions = [.direct, .noFlush, .parallelDirectWrites]
    static let passthrough: UInt32 = 1 << 7
}
