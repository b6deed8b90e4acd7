/// A pattern of paths: names between slashes, each with `*` (any bytes), `?` (one byte), `[a-z]`, `[!a-z]` and `\` before a byte that
/// means itself; `**` alone between slashes stands for any number of directories, none included. Bytes, not characters: a name is what the
/// kernel says it is. A name that begins with a dot is nothing special.
///
/// A pattern that begins with a slash is anchored: it is about that absolute path. One that does not is floating: about that name at any
/// depth. What a pattern matches it matches with everything below it.
///
/// This is the one language of every list of patterns there is: what is hidden, what is protected, what judges the agent, what a record is
/// searched for.
package struct Glob: Sendable, Hashable, CustomStringConvertible {
    /// As it was written.
    package let description: String
    package let isAnchored: Bool
    /// The names between the slashes, at most 64. Those of a pattern that ignores case are in small letters.
    package let segments: [Segment]
    /// Whether ASCII letters match in either case.
    private let ignoresCase: Bool

    package init(_ text: String, ignoringCase: Bool = false) throws(GlobError) {
        description = text
        ignoresCase = ignoringCase
        let bytes = [UInt8](text.utf8)
        guard !bytes.isEmpty else { throw GlobError(pattern: text, reason: "is empty") }
        guard !bytes.contains(0) else { throw GlobError(pattern: text, reason: "has a zero byte") }
        isAnchored = bytes[0] == UInt8(ascii: "/")
        var segments: [Segment] = []
        var index = 0
        while index < bytes.count {
            if bytes[index] == UInt8(ascii: "/") {
                index += 1
                continue
            }
            var end = index
            while end < bytes.count, bytes[end] != UInt8(ascii: "/") { end += 1 }
            let segment = try Glob.segment(bytes[index..<end], of: text, ignoringCase)
            // `a/**/**/b` is `a/**/b`.
            if segment != .anyDepth || segments.last != .anyDepth { segments.append(segment) }
            index = end
        }
        guard !segments.isEmpty else { throw GlobError(pattern: text, reason: "names the root directory") }
        guard segments != [.anyDepth] else { throw GlobError(pattern: text, reason: "matches everything") }
        guard segments.count <= 64 else { throw GlobError(pattern: text, reason: "has more than 64 names") }
        self.segments = segments
    }

    /// A path without wildcards: every byte means itself.
    package init(path: String) throws(GlobError) {
        try self.init(Self.escape(path))
    }

    /// A path as a pattern that means just it.
    package static func escape(_ path: String) -> String {
        var escaped = ""
        for scalar in path.unicodeScalars {
            if "*?[]\\".unicodeScalars.contains(scalar) { escaped.append("\\") }
            escaped.unicodeScalars.append(scalar)
        }
        return escaped
    }

    /// The path that the pattern stands for when it is anchored and has no wildcard.
    package var literalPath: [UInt8]? {
        guard isAnchored else { return nil }
        var path: [UInt8] = []
        for segment in segments {
            guard case .literal(let name) = segment else { return nil }
            path.append(UInt8(ascii: "/"))
            path.append(contentsOf: name)
        }
        return path
    }

    /// The one name that the pattern stands for, at any depth, where it is that and has no wildcard; in small letters where case is ignored.
    package var literalName: [UInt8]? {
        guard !isAnchored, segments.count == 1, case .literal(let name) = segments[0] else { return nil }
        return name
    }

    /// Whether the pattern matches a path or a directory above it. `components` are the names from `/` for an anchored pattern, from the
    /// directory that it floats in for a floating one.
    package func matches(_ components: [[UInt8]]) -> Bool {
        // A single name, as most are: there is no way to keep track of.
        if segments.count == 1, !isAnchored {
            return components.contains { segments[0].matches($0.span, ignoringCase: ignoresCase) }
        }
        var active: Set<Int> = close([0])
        for name in components {
            var next = Set<Int>()
            for position in active {
                if segments[position] == .anyDepth {
                    next.insert(position)
                    if position + 1 == segments.count { return true }
                } else if segments[position].matches(name.span, ignoringCase: ignoresCase) {
                    if position + 1 == segments.count { return true }
                    next.insert(position + 1)
                }
                if position == 0, !isAnchored { next.insert(0) }
            }
            active = close(next)
        }
        return false
    }

    /// `**` also stands for no directory: its successor is active with it, except at the end of the pattern.
    private func close(_ positions: Set<Int>) -> Set<Int> {
        var closed = positions
        for position in positions where segments[position] == .anyDepth && position + 1 < segments.count {
            closed.insert(position + 1)
        }
        return closed
    }
}

/// A pattern that cannot be read.
package struct GlobError: Error, Sendable, Hashable, CustomStringConvertible {
    package let pattern: String
    package let reason: String

    package init(pattern: String, reason: String) {
        self.pattern = pattern
        self.reason = reason
    }

    package var description: String { "pattern “\(pattern)” \(reason)" }
}

extension Glob {
    /// A byte with an ASCII capital made small.
    package static func folded(_ byte: UInt8) -> UInt8 {
        (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte | 0x20 : byte
    }

    private static func segment(_ bytes: ArraySlice<UInt8>, of text: String, _ ignoringCase: Bool) throws(GlobError) -> Segment {
        func own(_ byte: UInt8) -> Segment.Element { .byte(ignoringCase ? folded(byte) : byte) }
        if bytes.elementsEqual("**".utf8) { return .anyDepth }
        if bytes.elementsEqual(".".utf8) || bytes.elementsEqual("..".utf8) {
            throw GlobError(pattern: text, reason: "has a `.` or `..` in it, which no name is")
        }
        var elements: [Segment.Element] = []
        var index = bytes.startIndex
        while index < bytes.endIndex {
            let byte = bytes[index]
            index += 1
            switch byte {
            case UInt8(ascii: "*"):
                if elements.last != .anyBytes { elements.append(.anyBytes) }
            case UInt8(ascii: "?"): elements.append(.anyByte)
            case UInt8(ascii: "["): elements.append(.oneOf(try set(bytes, &index, of: text, ignoringCase)))
            case UInt8(ascii: "\\"):
                guard index < bytes.endIndex else { throw GlobError(pattern: text, reason: "ends a name with a backslash") }
                elements.append(own(bytes[index]))
                index += 1
            default: elements.append(own(byte))
            }
        }
        var literal: [UInt8] = []
        for element in elements {
            guard case .byte(let byte) = element else { return .wildcard(elements) }
            literal.append(byte)
        }
        guard literal.count <= 255 else { throw GlobError(pattern: text, reason: "has a name of more than 255 bytes") }
        return .literal(literal)
    }

    /// Reads a set after its `[`; a `]` that comes first means itself.
    private static func set(
        _ bytes: ArraySlice<UInt8>, _ index: inout Int, of text: String, _ ignoringCase: Bool
    ) throws(GlobError) -> ByteSet {
        var set = ByteSet()
        var inverted = false
        if index < bytes.endIndex, bytes[index] == UInt8(ascii: "!") || bytes[index] == UInt8(ascii: "^") {
            inverted = true
            index += 1
        }
        let first = index
        while index < bytes.endIndex {
            var low = bytes[index]
            if low == UInt8(ascii: "]"), index > first {
                index += 1
                if inverted { set.invert() }
                return set
            }
            if low == UInt8(ascii: "\\"), index + 1 < bytes.endIndex {
                index += 1
                low = bytes[index]
            }
            index += 1
            var high = low
            if index + 1 < bytes.endIndex, bytes[index] == UInt8(ascii: "-"), bytes[index + 1] != UInt8(ascii: "]") {
                high = bytes[index + 1]
                index += 2
            }
            guard low <= high else { throw GlobError(pattern: text, reason: "has a range in brackets that runs backwards") }
            for byte in low...high { set.insert(ignoringCase ? folded(byte) : byte) }
        }
        throw GlobError(pattern: text, reason: "has a `[` without its `]`")
    }
}
