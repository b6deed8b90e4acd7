/// Names that carry a hash of the file's contents, as bundlers give them: `index-BX8s2kLd.js`, `main.3f2a1b9c.chunk.js`.
///
/// Such a file is put where it is served before anything names it, is never replaced, and may be cached for ever. A hash that is not seen as one
/// (of letters alone, say) costs nothing but that: the file is taken for one that may change.
package enum HashedName {
    /// - Parameter name: the last name of a path.
    package static func holds(_ name: some StringProtocol) -> Bool {
        var words = name.split(separator: ".", omittingEmptySubsequences: false)
        guard words.count >= 2, let ending = words.popLast(), !["html", "htm"].contains(ending.lowercased()) else { return false }
        while words.count > 1, let last = words.last, middles.contains(last.lowercased()) { words.removeLast() }
        guard let last = words.last else { return false }
        // A hash that is the whole name is long; between points it is a word of its own.
        // Behind a mark it is looked at by itself.
        if words.count > 1 || last.utf8.count >= 16, !last.utf8.contains(0x2D), isHash(Array(last.utf8)) { return true }
        return afterMark(Array(last.utf8))
    }

    /// What stands between a hash and the ending.
    private static let middles: Set<String> = ["chunk", "bundle", "min", "module", "esm", "async", "worker"]

    /// Behind the last mark; what Vite writes is eight digits of base 64, in which marks are digits.
    private static func afterMark(_ stem: [UInt8]) -> Bool {
        func isMark(_ byte: UInt8) -> Bool { [0x2D, 0x5F, 0x7E].contains(byte) }
        if let mark = stem.lastIndex(where: isMark), mark > 0, isHash(Array(stem[(mark + 1)...])) { return true }
        guard stem.count > 9, isMark(stem[stem.count - 9]) else { return false }
        return isHash(stem.suffix(8))
    }

    private static func isHash(_ text: some Collection<UInt8>) -> Bool {
        guard (8...64).contains(text.count) else { return false }
        var digits = false, small = false, large = false
        var isHex = true
        var isBase32 = true
        for byte in text {
            switch byte {
            case 0x30...0x39:
                digits = true
                if !(0x32...0x37).contains(byte) { isBase32 = false }
            case 0x61...0x7A:
                small = true
                isBase32 = false
                if byte > 0x66 { isHex = false }
            case 0x41...0x5A:
                large = true
                isHex = false
            case 0x2D, 0x5F:
                isHex = false
                isBase32 = false
            default: return false
            }
        }
        guard digits, small || large else { return false }
        if isHex { return true }
        if isBase32 { return text.count == 8 }
        return small && large && text.count <= 32 && !isNumberedWord(text)
    }

    /// `Picture1`, `Chapter12`.
    private static func isNumberedWord(_ text: some Collection<UInt8>) -> Bool {
        let rest = text.dropFirst().drop { (0x61...0x7A).contains($0) }
        return rest.allSatisfy { (0x30...0x39).contains($0) }
    }
}
