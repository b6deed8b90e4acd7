internal import CLinux
package import SystemPackage

extension Descriptor {
    /// Passes the file handle of `name` in this directory to `body`, its bytes and its type, and the id of the mount that it is on;
    /// of this descriptor's own file where `name` is empty. EOPNOTSUPP where the file system has none. See `man 2
    /// name_to_handle_at`.
    package borrowing func withFileHandle<Result>(
        of name: borrowing PathBytes, _ body: (UnsafeRawBufferPointer, Int32, Int32) throws(Errno) -> Result
    ) throws(Errno) -> Result {
        let raw = rawValue
        let pointer = unsafe name.pointer
        var bytes: InlineArray<128, UInt8> = .init(repeating: 0)
        var size: UInt32 = 0
        var type: Int32 = 0
        var mount: Int32 = 0
        var span = bytes.mutableSpan
        return try unsafe span.withUnsafeMutableBytes { room throws(Errno) in
            let start = unsafe room.baseAddress?.assumingMemoryBound(to: UInt8.self)
            _ = try check {
                unsafe pinfold_name_to_handle(raw, pointer, start, &size, &type, &mount, pinfold_AT_EMPTY_PATH)
            }
            return try unsafe body(UnsafeRawBufferPointer(rebasing: room[..<Int(size)]), type, mount)
        }
    }

    /// Opens a file by its handle, through the mount that this descriptor is on: a read-only mount refuses to open for writing.
    /// ESTALE where the file is gone. CAP_DAC_READ_SEARCH. See `man 2 open_by_handle_at`.
    package borrowing func open(handle: UnsafeRawBufferPointer, type: Int32, _ flags: OpenFlags) throws(Errno) -> Descriptor {
        let raw = rawValue
        let start = unsafe handle.baseAddress?.assumingMemoryBound(to: UInt8.self)
        return Descriptor(
            owning: try check { unsafe pinfold_open_by_handle(raw, start, UInt32(handle.count), type, flags.rawValue | O_CLOEXEC) })
    }
}
