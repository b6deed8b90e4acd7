/// A shell pattern over bytes, without regard to ASCII case: `*` and `?` stop at `/`, `**` does not, `[a-z]`, `[!a-z]`, `\` takes the next
/// character as it is.
struct Glob: Hashable, Sendable {
    private enum Part: Hashable, Sendable {
        case byte(UInt8)
        case any
        /// By its place in `sets`.
        case some(Int)
        case run
        case deepRun
    }

    private let parts: [Part]
    private let sets: [Set<UInt8>]

    init(_ pattern: String) {
        var parts: [Part] = []
        var sets: [Set<UInt8>] = []
        var rest = Array(pattern.utf8)[...]
        while let byte = rest.popFirst() {
            switch byte {
            case UInt8(ascii: "\\"): parts.append(.byte(Self.folded(rest.popFirst() ?? byte)))
            case UInt8(ascii: "?"): parts.append(.any)
            case UInt8(ascii: "*"):
                if rest.first == UInt8(ascii: "*") {
                    while rest.first == UInt8(ascii: "*") { rest.removeFirst() }
                    parts.append(.deepRun)
                    // `**/x` is also `x`.
                    if rest.first == UInt8(ascii: "/") { rest.removeFirst() }
                } else {
                    parts.append(.run)
                }
            case UInt8(ascii: "["):
                if let (set, after) = Self.set(rest) {
                    parts.append(.some(sets.count))
                    sets.append(set)
                    rest = after
                } else {
                    parts.append(.byte(byte))
                }
            default: parts.append(.byte(Self.folded(byte)))
            }
        }
        self.parts = parts
        self.sets = sets
    }

    /// Whether it matches all of `text`, whose letters are small (`folded`).
    ///
    /// A mismatch goes back to the last `*` alone, and where that may not grow (at a `/`) to the last `**`: an earlier one could only
    /// leave more to the later. So the time is bounded by the lengths multiplied, whatever the pattern.
    func matches(_ text: ArraySlice<UInt8>) -> Bool {
        var part = 0
        var here = text.startIndex
        var star: (part: Int, from: Int)?
        var deepStar: (part: Int, from: Int)?
        while here < text.endIndex {
            if part < parts.count {
                switch parts[part] {
                case .run:
                    part += 1
                    star = (part, here)
                    continue
                case .deepRun:
                    part += 1
                    deepStar = (part, here)
                    star = nil
                    continue
                case .byte(let wanted) where wanted == text[here]:
                    part += 1
                    here += 1
                    continue
                case .some(let set) where sets[set].contains(text[here]):
                    part += 1
                    here += 1
                    continue
                case .any where text[here] != UInt8(ascii: "/"):
                    part += 1
                    here += 1
                    continue
                default: break
                }
            }
            if let last = star, text[last.from] != UInt8(ascii: "/") {
                star = (last.part, last.from + 1)
                (part, here) = (last.part, last.from + 1)
            } else if let last = deepStar {
                deepStar = (last.part, last.from + 1)
                star = nil
                (part, here) = (last.part, last.from + 1)
            } else {
                return false
            }
        }
        while part < parts.count, parts[part] == .run || parts[part] == .deepRun { part += 1 }
        return part == parts.count
    }

    static func folded(_ byte: UInt8) -> UInt8 {
        (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte | 0x20 : byte
    }

    /// The bytes of a `[…]` whose `[` is gone already; nil where it is not closed.
    private static func set(_ text: ArraySlice<UInt8>) -> (Set<UInt8>, ArraySlice<UInt8>)? {
        var rest = text
        let negated = rest.first == UInt8(ascii: "!") || rest.first == UInt8(ascii: "^")
        if negated { rest.removeFirst() }
        var members: Set<UInt8> = []
        var isFirst = true
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "]"), !isFirst {
                let folded = Set(members.map(Self.folded))
                return (negated ? Set((1...255).filter { !folded.contains($0) && $0 != UInt8(ascii: "/") }) : folded, rest)
            }
            isFirst = false
            if rest.first == UInt8(ascii: "-"), let end = rest.dropFirst().first, end != UInt8(ascii: "]"), byte <= end {
                rest.removeFirst(2)
                members.formUnion(byte...end)
            } else {
                members.insert(byte)
            }
        }
        return nil
    }
}
