internal import CLibgit2
internal import PlainText

/// The SHA-1 name of a git object: twenty bytes, made only from exactly forty hexadecimal digits or from libgit2's own value.
package struct ObjectID: Hashable, Sendable, Comparable, CustomStringConvertible, LosslessStringConvertible {
    private let high: UInt64
    private let middle: UInt64
    private let low: UInt32

    /// Twenty bytes, most significant first. Traps on any other count.
    package init(bytes: some Collection<UInt8>) {
        precondition(bytes.count == 20, "an object id has twenty bytes")
        var parts: (UInt64, UInt64, UInt32) = (0, 0, 0)
        for (position, byte) in bytes.enumerated() {
            if position < 8 {
                parts.0 = parts.0 << 8 | UInt64(byte)
            } else if position < 16 {
                parts.1 = parts.1 << 8 | UInt64(byte)
            } else {
                parts.2 = parts.2 << 8 | UInt32(byte)
            }
        }
        (high, middle, low) = parts
    }

    /// Nil unless `text` is forty hexadecimal digits and nothing else: no abbreviation, no white space.
    package init?(_ text: String) { self.init(hex: text.utf8) }

    /// Nil unless there are forty hexadecimal digits and nothing else.
    package init?(hex digits: some Collection<UInt8>) {
        guard digits.count == CommitPrefix.whole else { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(20)
        var first: UInt8?
        for digit in digits {
            guard let value = Hexadecimal.value(of: digit) else { return nil }
            if let begun = first {
                bytes.append(begun << 4 | value)
                first = nil
            } else {
                first = value
            }
        }
        self.init(bytes: bytes)
    }

    package var bytes: [UInt8] {
        (0..<8).map { UInt8(truncatingIfNeeded: high >> (56 - 8 * $0)) }
            + (0..<8).map { UInt8(truncatingIfNeeded: middle >> (56 - 8 * $0)) }
            + (0..<4).map { UInt8(truncatingIfNeeded: low >> (24 - 8 * $0)) }
    }

    /// The forty lower-case digits.
    package var description: String { Hexadecimal.text(bytes) }

    /// The first twelve digits, for people.
    package var short: String { String(description.prefix(12)) }

    package static func < (one: ObjectID, other: ObjectID) -> Bool {
        (one.high, one.middle, one.low) < (other.high, other.middle, other.low)
    }
}

extension ObjectID {
    init(_ value: git_oid) {
        self = unsafe withUnsafeBytes(of: value) { unsafe ObjectID(loading: $0, at: 0) }
    }

    /// The twenty bytes at `offset`, which must all be inside.
    init(loading bytes: UnsafeRawBufferPointer, at offset: Int) {
        high = unsafe UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
        middle = unsafe UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: offset + 8, as: UInt64.self))
        low = unsafe UInt32(bigEndian: bytes.loadUnaligned(fromByteOffset: offset + 16, as: UInt32.self))
    }

    var raw: git_oid {
        var value = git_oid()
        unsafe withUnsafeMutableBytes(of: &value) { bytes in
            unsafe bytes.storeBytes(of: high.bigEndian, toByteOffset: 0, as: UInt64.self)
            unsafe bytes.storeBytes(of: middle.bigEndian, toByteOffset: 8, as: UInt64.self)
            unsafe bytes.storeBytes(of: low.bigEndian, toByteOffset: 16, as: UInt32.self)
        }
        return value
    }
}
