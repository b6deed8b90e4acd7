internal import CFuse3
internal import CLinux

/// Messages to the FUSE device: one `writev` each, whole or not at all.
enum DeviceChannel {
    /// Sends the header and up to two parts after it; false with `errno` set where the kernel does not take it.
    @unsafe static func send(
        to device: Int32, _ header: UnsafeMutableRawBufferPointer, _ first: UnsafeRawBufferPointer?,
        _ second: UnsafeRawBufferPointer? = nil
    ) -> Bool {
        var parts = unsafe (
            iovec(iov_base: header.baseAddress, iov_len: header.count),
            iovec(iov_base: UnsafeMutableRawPointer(mutating: first?.baseAddress), iov_len: first?.count ?? 0),
            iovec(iov_base: UnsafeMutableRawPointer(mutating: second?.baseAddress), iov_len: second?.count ?? 0)
        )
        return unsafe withUnsafeBytes(of: &parts) { raw in
            unsafe writev(device, raw.baseAddress?.assumingMemoryBound(to: iovec.self), 3) != -1
        }
    }
}
