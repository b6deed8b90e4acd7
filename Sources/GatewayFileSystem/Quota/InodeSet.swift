/// A set of inode numbers, a bit each where they lie close together, as filesystems hand them out.
struct InodeSet {
    private typealias Page = (UInt64, UInt64, UInt64, UInt64)
    private var pages: [UInt64: Page] = [:]

    func contains(_ inode: UInt64) -> Bool {
        guard let page = pages[inode >> 8] else { return false }
        return Self.word(page, inode) & Self.bit(inode) != 0
    }

    /// - Returns: whether it was not there.
    mutating func insert(_ inode: UInt64) -> Bool {
        var page = pages[inode >> 8] ?? (0, 0, 0, 0)
        if Self.word(page, inode) & Self.bit(inode) != 0 { return false }
        Self.set(&page, inode, Self.word(page, inode) | Self.bit(inode))
        pages[inode >> 8] = page
        return true
    }

    /// - Returns: whether it was there.
    mutating func remove(_ inode: UInt64) -> Bool {
        guard var page = pages[inode >> 8], Self.word(page, inode) & Self.bit(inode) != 0 else { return false }
        Self.set(&page, inode, Self.word(page, inode) & ~Self.bit(inode))
        pages[inode >> 8] = page == (0, 0, 0, 0) ? nil : page
        return true
    }

    private static func bit(_ inode: UInt64) -> UInt64 { 1 << (inode & 63) }

    private static func word(_ page: Page, _ inode: UInt64) -> UInt64 {
        switch inode >> 6 & 3 {
        case 0: page.0
        case 1: page.1
        case 2: page.2
        default: page.3
        }
    }

    private static func set(_ page: inout Page, _ inode: UInt64, _ word: UInt64) {
        switch inode >> 6 & 3 {
        case 0: page.0 = word
        case 1: page.1 = word
        case 2: page.2 = word
        default: page.3 = word
        }
    }
}
