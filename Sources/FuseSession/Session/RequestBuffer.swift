internal import CLinux

/// The memory that a worker's requests come in.
enum RequestBuffer {
    private static let last = ThreadSlot()

    /// The next request; -1 with `errno` set where there is none (`man 2 read`).
    ///
    /// All of the buffer is there before the first one. The kernel gives a request up, and its caller EIO, where it has to find memory for a page of the buffer
    /// and the thread is being killed (`fuse_dev_do_read`): what another process is to go on with would be lost. A copy into pages that are there is not stopped.
    static func read(from device: Int32, into buffer: UnsafeMutableRawPointer?, _ size: Int) -> Int {
        if let buffer = unsafe buffer, unsafe last.pointer != UnsafeRawPointer(buffer) {
            unsafe memset(buffer, 0, size)
            unsafe last.set(buffer)
        }
        return unsafe CLinux.read(device, buffer, size)
    }
}
