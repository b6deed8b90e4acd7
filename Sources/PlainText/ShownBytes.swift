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
        guard let (piece, length) = Self.first(of: rest) else { return nil }
        rest = rest.dropFirst(length)
        return piece
    }

    /// The piece that bytes begin with, and how many bytes it is; nil of none.
    package static func first(of bytes: ArraySlice<UInt8>) -> (Piece, Int)? {
        guard let first = bytes.first else { return nil }
        var decoder = UTF8()
        var iterator = bytes.prefix(4).makeIterator()
        guard case .scalarValue(let scalar) = decoder.decode(&iterator) else { return (.stray(first), 1) }
        return (.character(scalar), UTF8.width(scalar))
    }
}
