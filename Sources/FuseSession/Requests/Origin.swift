internal import CFuse3
internal import CLinux
internal import LinuxSystem
internal import SystemPackage

/// Where a request came from and its answer goes: libfuse's request, or, for operations that libfuse 3.14 does not know, the device
/// itself.
///
/// The requests hold it and see to it that exactly one answer is sent.
@safe struct Origin {
    /// libfuse's; nil where the request never went through it.
    private let library: fuse_req_t?
    private let device: Int32
    private let unique: UInt64
    let caller: Caller

    init(_ request: fuse_req_t) {
        unsafe library = unsafe request
        device = -1
        unique = 0
        // Never nil for a request that is being served; valid until its answer.
        let context = unsafe fuse_req_ctx(request).unsafelyUnwrapped.pointee
        caller = Caller(uid: context.uid, gid: context.gid, pid: context.pid, umask: context.umask)
    }

    /// A request that was read from `device` and is not libfuse's to answer.
    init(device: Int32, header: fuse_in_header, umask: UInt32) {
        unsafe library = nil
        self.device = device
        unique = header.unique
        caller = Caller(uid: header.uid, gid: header.gid, pid: Int32(bitPattern: header.pid), umask: umask)
    }

    func fail(_ error: Errno) {
        if let library = unsafe library {
            _ = unsafe fuse_reply_err(library, error.rawValue)
        } else {
            _ = unsafe send(UnsafeRawBufferPointer(start: nil, count: 0), error: -error.rawValue)
        }
    }

    /// Whether the kernel took the answer: it does not where the connection has ended. Through a ring it is kept, and goes out when the callback
    /// returns: until then whoever asked waits, with what locks he holds.
    func succeed(_ bytes: UnsafeRawBufferPointer) -> Bool {
        if let library = unsafe library {
            return unsafe fuse_reply_buf(library, bytes.baseAddress?.assumingMemoryBound(to: CChar.self), bytes.count) == 0
        }
        return unsafe send(bytes, error: 0)
    }

    /// Replies `size` bytes of a file, or as many as it has from `offset`, by way of a pipe (`man 2 splice`); false, and nothing is sent, where libfuse
    /// does not know the request.
    func splice(from file: Int32, offset: Int64, size: Int) -> Bool {
        guard let library = unsafe library else { return false }
        var buffers = fuse_bufvec()
        buffers.count = 1
        unsafe buffers.buf.size = size
        unsafe buffers.buf.flags = fuse_buf_flags(FUSE_BUF_IS_FD.rawValue | FUSE_BUF_FD_SEEK.rawValue | FUSE_BUF_FD_RETRY.rawValue)
        unsafe buffers.buf.fd = file
        unsafe buffers.buf.pos = off_t(offset)
        _ = unsafe fuse_reply_data(library, &buffers, fuse_buf_copy_flags(0))
        return true
    }

    func succeed<Value: BitwiseCopyable>(with value: Value) -> Bool {
        unsafe withUnsafeBytes(of: value) { unsafe succeed($0) }
    }

    func succeedEmpty() {
        if let library = unsafe library {
            _ = unsafe fuse_reply_err(library, 0)
        } else {
            _ = unsafe send(UnsafeRawBufferPointer(start: nil, count: 0), error: 0)
        }
    }

    private func send(_ bytes: UnsafeRawBufferPointer, error: Int32) -> Bool {
        var header = fuse_out_header(
            len: UInt32(MemoryLayout<fuse_out_header>.size + bytes.count), error: error, unique: unique)
        unsafe CurrentOnce.answered(unique, error, bytes)
        if let entry = CurrentRingEntry.current, unsafe entry.keep(header, bytes) { return true }
        return unsafe withUnsafeMutableBytes(of: &header) { head in
            unsafe DeviceChannel.send(to: device, head, bytes)
        }
    }
}
