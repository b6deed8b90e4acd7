/// Which parts of two lines differ, by words.
enum WordDifference {
    /// Longer lines are shown without: nobody wrote them by hand, and whoever did decides how long this takes.
    static let longest = 1000
    private static let mostCells = 10_000

    /// The ranges of `old` and of `new` that the other line does not have; nil where the two have hardly anything in common, or are too long.
    static func between(_ old: ArraySlice<UInt8>, _ new: ArraySlice<UInt8>) -> (old: [Range<Int>], new: [Range<Int>])? {
        guard old.count <= longest, new.count <= longest else { return nil }
        let (a, b) = (words(old), words(new))
        func equal(_ i: Int, _ j: Int) -> Bool { old[a[i]] == new[b[j]] }
        var start = 0
        while start < min(a.count, b.count), equal(start, start) { start += 1 }
        var (endA, endB) = (a.count, b.count)
        while endA > start, endB > start, equal(endA - 1, endB - 1) { (endA, endB) = (endA - 1, endB - 1) }
        var common = start + a.count - endA
        var (goneA, goneB) = (Array(a[start..<endA]), Array(b[start..<endB]))
        let (n, m) = (goneA.count, goneB.count)
        if n > 0, m > 0, n * m <= mostCells {
            // The longest common subsequence of what is left, from its end.
            var lengths = [Int](repeating: 0, count: (n + 1) * (m + 1))
            for i in stride(from: n - 1, through: 0, by: -1) {
                for j in stride(from: m - 1, through: 0, by: -1) {
                    lengths[i * (m + 1) + j] =
                        equal(start + i, start + j)
                        ? lengths[(i + 1) * (m + 1) + j + 1] + 1
                        : max(lengths[(i + 1) * (m + 1) + j], lengths[i * (m + 1) + j + 1])
                }
            }
            common += lengths[0]
            var (i, j) = (0, 0)
            var (keptA, keptB) = ([Bool](repeating: false, count: n), [Bool](repeating: false, count: m))
            while i < n, j < m {
                if equal(start + i, start + j) {
                    (keptA[i], keptB[j]) = (true, true)
                    (i, j) = (i + 1, j + 1)
                } else if lengths[(i + 1) * (m + 1) + j] >= lengths[i * (m + 1) + j + 1] {
                    i += 1
                } else {
                    j += 1
                }
            }
            goneA = goneA.indices.filter { !keptA[$0] }.map { goneA[$0] }
            goneB = goneB.indices.filter { !keptB[$0] }.map { goneB[$0] }
        }
        guard common * 3 >= max(a.count, b.count) else { return nil }
        return (joined(goneA), joined(goneB))
    }

    /// Letters and digits together, white space together, every other character for itself.
    private static func words(_ text: ArraySlice<UInt8>) -> [Range<Int>] {
        var result: [Range<Int>] = []
        var start = text.startIndex
        while start < text.endIndex {
            let kind = Self.kind(text[start])
            var end = start + 1
            while kind != 0, end < text.endIndex, Self.kind(text[end]) == kind { end += 1 }
            result.append(start..<end)
            start = end
        }
        return result
    }

    private static func kind(_ byte: UInt8) -> Int {
        switch byte {
        // Every byte of a character beyond ASCII, so that none is cut.
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x5F, 0x80...0xFF: 1
        case 0x20, 0x09: 2
        default: 0
        }
    }

    private static func joined(_ ranges: [Range<Int>]) -> [Range<Int>] {
        ranges.reduce(into: []) { result, range in
            if let last = result.last, last.upperBound == range.lowerBound {
                result[result.count - 1] = last.lowerBound..<range.upperBound
            } else {
                result.append(range)
            }
        }
    }
}
