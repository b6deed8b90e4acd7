/// One name of a pattern, between two slashes.
package enum Segment: Sendable, Hashable {
    /// Exactly these bytes.
    case literal([UInt8])
    /// `*`, `?` and `[…]` over the bytes of one name.
    case wildcard([Element])
    /// `**`: no directory, one, or several.
    case anyDepth

    package enum Element: Sendable, Hashable {
        case byte(UInt8)
        case anyByte
        case anyBytes
        case oneOf(ByteSet)
    }

    /// Whether a name matches; `anyDepth` matches every one.
    ///
    /// - Parameter ignoringCase: the pattern is in small letters, and the name's ASCII letters are taken as such.
    package func matches(_ name: borrowing Span<UInt8>, ignoringCase: Bool = false) -> Bool {
        switch self {
        case .literal(let bytes):
            guard bytes.count == name.count else { return false }
            for index in bytes.indices where bytes[index] != (ignoringCase ? Glob.folded(name[index]) : name[index]) {
                return false
            }
            return true
        case .anyDepth: return true
        case .wildcard(let elements): return Segment.match(elements, name, ignoringCase)
        }
    }

    /// Greedy with one point to go back to, the last `*`: time is at most the product of both lengths, whatever the pattern.
    private static func match(_ elements: [Element], _ name: borrowing Span<UInt8>, _ ignoringCase: Bool) -> Bool {
        var element = 0
        var position = 0
        var star = -1
        var resume = 0
        while position < name.count {
            if element < elements.count, case .anyBytes = elements[element] {
                star = element
                resume = position
                element += 1
            } else if element < elements.count,
                elements[element].matches(ignoringCase ? Glob.folded(name[position]) : name[position])
            {
                element += 1
                position += 1
            } else if star >= 0 {
                element = star + 1
                resume += 1
                position = resume
            } else {
                return false
            }
        }
        while element < elements.count, case .anyBytes = elements[element] { element += 1 }
        return element == elements.count
    }
}

extension Segment.Element {
    fileprivate func matches(_ byte: UInt8) -> Bool {
        switch self {
        case .byte(let own): own == byte
        case .anyByte: true
        case .anyBytes: false
        case .oneOf(let set): set.contains(byte)
        }
    }
}

/// A set of bytes: what `[…]` stands for.
package struct ByteSet: Sendable, Hashable {
    private var words: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)

    func contains(_ byte: UInt8) -> Bool {
        let bit: UInt64 = 1 << UInt64(byte & 63)
        switch byte >> 6 {
        case 0: return words.0 & bit != 0
        case 1: return words.1 & bit != 0
        case 2: return words.2 & bit != 0
        default: return words.3 & bit != 0
        }
    }

    mutating func insert(_ byte: UInt8) {
        let bit: UInt64 = 1 << UInt64(byte & 63)
        switch byte >> 6 {
        case 0: words.0 |= bit
        case 1: words.1 |= bit
        case 2: words.2 |= bit
        default: words.3 |= bit
        }
    }

    mutating func invert() {
        words = (~words.0, ~words.1, ~words.2, ~words.3)
    }

    package static func == (a: ByteSet, b: ByteSet) -> Bool { a.words == b.words }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(words.0)
        hasher.combine(words.1)
        hasher.combine(words.2)
        hasher.combine(words.3)
    }
}
