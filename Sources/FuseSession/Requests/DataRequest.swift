internal import CFuse3
package import LinuxSystem
package import SystemPackage

/// A read of file data.
@safe package struct DataRequest: ~Copyable {
    let origin: Origin
    package var caller: Caller { origin.caller }
    /// How many bytes are wanted; fewer mean the end of the file.
    package let size: Int

    private static let splicedSize = 32_768

    deinit { origin.fail(.ioError) }

    package consuming func fail(_ error: Errno) {
        origin.fail(error)
        discard self
    }

    package consuming func reply(_ bytes: UnsafeRawBufferPointer) {
        _ = unsafe origin.succeed(bytes)
        discard self
    }

    package consuming func reply(_ bytes: [UInt8]) {
        let origin = origin
        _ = unsafe bytes.withUnsafeBytes { unsafe origin.succeed($0) }
        discard self
    }

    /// Replies `size` bytes of `file` from `offset`. A failing read is its errno.
    ///
    /// Read into the ring's memory, or into the thread's own, which is there and warm, and copied into the kernel's pages from it: libfuse takes new
    /// memory for each read, whose page faults cost more than the copy.
    package consuming func reply(from file: borrowing Descriptor, offset: Int64) {
        if size >= Self.splicedSize, CurrentRingEntry.current == nil, origin.splice(from: file.rawValue, offset: offset, size: size)
        {
            discard self
            return
        }
        let room = unsafe CurrentRingEntry.current?.room(size) ?? ThreadBuffer.atLeast(size)
        guard let base = room.baseAddress else { return fail(.noMemory) }
        var filled = 0
        do throws(Errno) {
            while filled < size {
                let part = unsafe UnsafeMutableRawBufferPointer(start: base + filled, count: size - filled)
                let count = try unsafe file.read(into: part, at: offset + Int64(filled))
                if count == 0 { break }
                filled += count
            }
        } catch {
            // What was read counts; the kernel asks for the rest, and meets the error again.
            if filled == 0 { return fail(error) }
        }
        unsafe reply(UnsafeRawBufferPointer(start: base, count: filled))
    }
}
