internal import CFuse3

/// The message that this thread is serving, as it came from the device: for what libfuse 3.14 does not pass on.
enum CurrentInput {
    private static let slot = ThreadSlot()

    static func set(_ message: UnsafeRawPointer?) { unsafe slot.set(message) }

    private static var message: UnsafeRawPointer? { unsafe slot.pointer }

    /// The structure after the header. Only for the operation whose structure that is: the kernel sent all of it.
    static func body<Value: BitwiseCopyable>(_ type: Value.Type) -> Value? {
        unsafe message.map { unsafe $0.loadUnaligned(fromByteOffset: MemoryLayout<fuse_in_header>.size, as: type) }
    }

    /// A copy of all of it.
    static var bytes: [UInt8]? {
        unsafe message.map { message in
            let length = unsafe Int(message.loadUnaligned(as: fuse_in_header.self).len)
            return unsafe [UInt8](UnsafeRawBufferPointer(start: message, count: length))
        }
    }

    static var opcode: UInt32? { unsafe message.map { unsafe $0.loadUnaligned(as: fuse_in_header.self).opcode } }

    static var unique: UInt64? { unsafe message.map { unsafe $0.loadUnaligned(as: fuse_in_header.self).unique } }
}
