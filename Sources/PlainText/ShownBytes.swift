extension String {
    /// Bytes that somebody else chose, a file's name above all, as text: a byte that is no part of a UTF-8 character becomes `\xNN`, so that
    /// two names never look alike for it. What acts on a terminal is still in it: `plain` is for that.
    package init(showing bytes: some Collection<UInt8>) {
        if let whole = String(validating: bytes, as: UTF8.self) {
            self = whole
            return
        }
        self = ""
        for piece in ShownBytes(bytes) {
            switch piece {
            case .character(let scalar): unicodeScalars.append(scalar)
            case .stray(let byte): self += "\\x" + Hexadecimal.pair(byte)
            }
        }
    }
}

/// Bytes taken apart into the characters of UTF-8 and the bytes that are part of none.
package struct ShownBytes: Sequence, IteratorProtocol {
    package enum Piece: Hashable, Sendable {
        case character(Unicode.Scalar)
        case stray(UInt8)
    }

    private var rest: ArraySlice<UInt8>

    package init(_ bytes: some Collection<UInt8>) {
        rest = Array(bytes)[...]
    }

    package mutating func next() -> Piece? {
        guard let first = rest.first else { return nil }
        var decoder = UTF8()
        var iterator = rest.prefix(4).makeIterator()
        if case .scalarValue(let scalar) = decoder.decode(&iterator) {
            rest = rest.dropFirst(UTF8.width(scalar))
            return .character(scalar)
        }
        rest = rest.dropFirst()
        return .stray(first)
    }
}
