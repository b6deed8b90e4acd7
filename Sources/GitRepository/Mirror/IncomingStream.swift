internal import CLinux
internal import LinuxSystem

/// A stream from a process that is not trusted: so many bytes, until then, and no longer.
@safe final class IncomingStream {
    private static let bufferSize = 1 << 18
    private let descriptor: Int32
    private let limit: Int
    private let deadline: ContinuousClock.Instant
    private let isCalledOff: () -> Bool
    /// Allocated once: libgit2 gets its address, which must not move while it reads.
    private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: bufferSize, alignment: 16)
    private var pending = 0..<0
    private(set) var received = 0

    /// - Parameter isCalledOff: asked ten times a second while nothing comes, and at each part.
    init(descriptor: Int32, limit: Int, deadline: ContinuousClock.Instant, isCalledOff: @escaping () -> Bool) {
        self.descriptor = descriptor
        self.limit = limit
        self.deadline = deadline
        self.isCalledOff = isCalledOff
    }

    deinit { unsafe buffer.deallocate() }

    /// The text up to the next line feed, without it.
    func line(limit: Int) throws(GitError) -> String {
        var text: [UInt8] = []
        while true {
            if pending.isEmpty, try !fill() { throw GitError(.corrupt, "nothing was handed over") }
            let byte = unsafe buffer[pending.lowerBound]
            pending = (pending.lowerBound + 1)..<pending.upperBound
            if byte == UInt8(ascii: "\n") { return String(decoding: text, as: UTF8.self) }
            text.append(byte)
            guard text.count <= limit else { throw GitError(.hostile, "what was handed over is not a pack of pinfold-git") }
        }
    }

    /// The next bytes, valid until the next call; nil at the end.
    func next() throws(GitError) -> UnsafeRawBufferPointer? {
        if pending.isEmpty, try !fill() { return nil }
        defer { pending = 0..<0 }
        return unsafe UnsafeRawBufferPointer(rebasing: buffer[pending])
    }

    private func fill() throws(GitError) -> Bool {
        while true {
            guard !isCalledOff() else { throw GitError(.timedOut, "taking in was called off") }
            guard ContinuousClock.now < deadline else { throw GitError(.timedOut, "the repository was not handed over in time") }
            var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            if try attempt("cannot wait for the pack", { unsafe poll(&entry, 1, 100) }) > 0 { break }
        }
        let count = try attempt("cannot read the pack") { unsafe read(descriptor, buffer.baseAddress, Self.bufferSize) }
        received += count
        guard received <= limit else { throw GitError(.tooLarge, "the pack is larger than \(limit) bytes") }
        pending = 0..<count
        return count > 0
    }
}
