internal import CLinux
internal import LinuxSystem
internal import SystemPackage

/// A pipe that a command writes to and its step reads from, without ever waiting for a writer that outlives the command.
struct OutputPipe: ~Copyable {
    let read: Descriptor
    var write: Descriptor?
    private var buffer = [UInt8](repeating: 0, count: 1 << 16)

    /// - Parameter bytes: what it holds, at least.
    init(bytes: Int = 1 << 16) throws(Errno) {
        let pipe = try Pipe()
        write = try pipe.writing.duplicate()
        read = pipe.keepReading()
        _ = pinfold_fcntl(read.rawValue, F_SETFL, Int64(O_NONBLOCK))
        if bytes > 1 << 16 { _ = pinfold_fcntl(read.rawValue, F_SETPIPE_SZ, Int64(bytes)) }
    }

    var writeNumber: Int32 {
        switch write {
        case .some(let end): end.rawValue
        case .none: -1
        }
    }

    mutating func closeWrite() {
        write = nil
    }

    /// Hands over what there is, waiting at most `milliseconds` for the first of it. At most a megabyte a call, so that a command that
    /// never stops writing does not keep its deadline from being looked at.
    mutating func drain(waiting milliseconds: Int32, into output: inout CappedOutput) {
        var entry = pollfd(fd: read.rawValue, events: Int16(POLLIN), revents: 0)
        guard unsafe poll(&entry, 1, milliseconds) == 1 else { return }
        if entry.revents & Int16(POLLIN) == 0 {
            // Every writer has closed it: nothing more to wait for here.
            _ = poll(nil, 0, milliseconds)
            return
        }
        for _ in 0..<16 {
            let count = unsafe CLinux.read(read.rawValue, &buffer, buffer.count)
            guard count > 0 else { return }
            output.add(buffer[..<count])
        }
    }
    /// Appends what there is to a file, at most a megabyte or two a call; what is more than `limit` in sum is one byte more, and the rest is dropped.
    mutating func drain(into file: Int32, limit: Int) throws(Errno) {
        for _ in 0..<32 {
            let count = unsafe CLinux.read(read.rawValue, &buffer, buffer.count)
            guard count > 0 else { return }
            var status = stat()
            _ = try check { unsafe fstat(file, &status) }
            var rest = buffer[..<max(0, min(count, limit + 1 - Int(status.st_size)))]
            var end = status.st_size
            while !rest.isEmpty {
                let at = end
                let written = try check {
                    unsafe rest.withUnsafeBytes { unsafe pwrite(file, $0.baseAddress.unsafelyUnwrapped, $0.count, at) }
                }
                rest = rest.dropFirst(written)
                end += off_t(written)
            }
        }
    }
}
