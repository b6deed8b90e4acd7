internal import CLinux

/// A name or path as the kernel has it: bytes that end in a NUL, owned by somebody else and valid for the length of the call that they are
/// given to. It cannot be copied, so it cannot be kept by accident; `array` is the copy that may be.
@safe package struct PathBytes: ~Copyable {
    /// The first byte; a NUL follows the last.
    package let pointer: UnsafePointer<CChar>
    /// How many bytes, without the NUL.
    package let count: Int

    /// Borrows a C string, which must outlive this value.
    package init(borrowing pointer: UnsafePointer<CChar>) {
        unsafe self.pointer = unsafe pointer
        count = unsafe strlen(pointer)
    }

    /// Borrows `count` bytes after which a NUL stands.
    package init(borrowing pointer: UnsafePointer<CChar>, count: Int) {
        unsafe self.pointer = unsafe pointer
        self.count = count
    }

    /// The bytes without the NUL, as long as this value is borrowed.
    @unsafe package var bytes: UnsafeBufferPointer<UInt8> {
        unsafe UnsafeBufferPointer(start: UnsafeRawPointer(pointer).assumingMemoryBound(to: UInt8.self), count: count)
    }

    /// A copy that may be kept.
    package var array: [UInt8] { unsafe Array(bytes) }

    /// Whether it is `.` or `..`.
    package var isDotOrDotDot: Bool {
        let dot = CChar(0x2e)
        return unsafe (count == 1 && pointer[0] == dot) || (count == 2 && pointer[0] == dot && pointer[1] == dot)
    }

    /// Whether the bytes are those of `text`.
    package borrowing func equals(_ text: StaticString) -> Bool {
        unsafe count == text.utf8CodeUnitCount && memcmp(pointer, text.utf8Start, count) == 0
    }
}

extension String {
    /// This string's UTF-8 bytes as a path for the length of `body`.
    package func withPathBytes<Result: ~Copyable, Failure: Error>(
        _ body: (borrowing PathBytes) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try Array(utf8).withPathBytes(body)
    }
}

extension Array where Element == UInt8 {
    /// These bytes as a path for the length of `body`. They hold no NUL: one would end the path early.
    package func withPathBytes<Result: ~Copyable, Failure: Error>(
        _ body: (borrowing PathBytes) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        let terminated = UnsafeMutableBufferPointer<CChar>.allocate(capacity: count + 1)
        defer { unsafe terminated.deallocate() }
        for (index, byte) in enumerated() { unsafe terminated[index] = CChar(bitPattern: byte) }
        unsafe terminated[count] = 0
        // Never empty: it ends in the NUL.
        return try body(unsafe PathBytes(borrowing: terminated.baseAddress.unsafelyUnwrapped, count: count))
    }
}
