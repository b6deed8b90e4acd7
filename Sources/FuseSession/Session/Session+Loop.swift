internal import CFuse3
internal import CLinux
internal import LinuxSystem
internal import SystemPackage

extension Session {
    /// Starts the threads that serve. They keep this object alive until the session is over.
    func startWorkers() throws(Errno) {
        let crew = Crew(device: state.device, most: max(options.workers, 1))
        _ = try SystemThread("\(options.name)-watch") { crew.watch() }
        for number in 0..<max(options.workers, 1) {
            running.withLock { $0 += 1 }
            do throws(Errno) {
                // Nobody joins: the end is told by `endDescriptor`.
                _ = try SystemThread("\(options.name)-\(number)") { [self] in
                    serve(crew)
                    crew.end()
                    workerEnded()
                }
            } catch {
                running.withLock { $0 -= 1 }
                if number == 0 { crew.end() }
                throw error
            }
        }
    }

    /// A worker has served its last request; the last of all ends the session.
    func workerEnded() {
        let isLast = running.withLock {
            $0 -= 1
            return $0 == 0
        }
        if isLast { announceEnd() }
    }

    /// Takes requests one after the other, when the crew needs this worker, until the kernel says that there will be no more (ENODEV).
    private func serve(_ crew: Crew) {
        var buffer = unsafe fuse_buf()
        defer { unsafe free(buffer.mem) }
        let seat = options.memory?.once.seat()
        while crew.join() {
            var count: Int32
            repeat { count = unsafe fuse_session_receive_buf(session, &buffer) } while count == -EINTR || count == -EAGAIN
            // 0 is the end of the session; what else there is says that the device itself is broken.
            guard count >= MemoryLayout<fuse_in_header>.size, let start = unsafe buffer.mem else { return }
            crew.leave(for: unsafe start.loadUnaligned(as: fuse_in_header.self).opcode)
            unsafe serve(UnsafeMutableRawBufferPointer(start: start, count: Int(count)), seat)
        }
    }

    /// Serves one message, at least a header; one that must not be done twice from `seat`, if there is one.
    func serve(_ message: UnsafeMutableRawBufferPointer, _ seat: borrowing OnceSeat? = nil) {
        guard let start = message.baseAddress else { return }
        let header = unsafe message.loadUnaligned(as: fuse_in_header.self)
        counters.count(header.opcode)
        guard unsafe MessageCheck.isWhole(UnsafeRawBufferPointer(message), header) else {
            if MessageCheck.wantsAnswer(header.opcode) { refuse(header) }
            return
        }
        unsafe CurrentInput.set(start)
        let device = state.device.descriptor.rawValue
        switch seat {
        case .none: unsafe pass(message, start, header)
        case .some(let seat) where !OnceRing.holds(header.opcode):
            seat.serveRepeatable(header, followsFault: options.followsFault) {
                unsafe pass(message, start, header)
            } refuse: {
                refuseDeadly(header)
            }
        case .some(let seat):
            unsafe seat.serve(header, followsFault: options.followsFault) {
                unsafe pass(message, start, header)
            } again: { error, bytes in
                var answer = fuse_out_header(
                    len: UInt32(MemoryLayout<fuse_out_header>.size + bytes.count), error: error, unique: header.unique)
                _ = unsafe withUnsafeMutableBytes(of: &answer) { unsafe DeviceChannel.send(to: device, $0, bytes) }
            } refuse: {
                refuseDeadly(header)
            }
        }
    }

    private func refuse(_ header: fuse_in_header) {
        Origin(device: state.device.descriptor.rawValue, header: header, umask: 0).fail(.ioError)
    }

    /// Processes have ended over the request, one after the other.
    private func refuseDeadly(_ header: fuse_in_header) {
        refuse(header)
        options.refused(RequestCounters.name(Int(header.opcode)))
    }

    private func pass(_ message: UnsafeMutableRawBufferPointer, _ start: UnsafeMutableRawPointer, _ header: fuse_in_header) {
        if header.opcode == TemporaryFileMessage.opcode {
            unsafe TemporaryFileMessage.serve(start, header, state)
        } else {
            var buffer = unsafe fuse_buf()
            unsafe buffer.size = message.count
            unsafe buffer.mem = start
            unsafe fuse_session_process_buf(session, &buffer)
        }
    }

    /// Serves one message on this thread, as a worker would that had read it from the device; one too short to have a header is not looked at.
    package func serve(message: [UInt8]) {
        guard message.count >= MemoryLayout<fuse_in_header>.size else { return }
        var message = message
        let seat = options.memory?.once.seat()
        unsafe message.withUnsafeMutableBytes { unsafe serve($0, seat) }
        unsafe CurrentInput.set(nil)
    }

    /// libfuse's way to the kernel: back through the ring for a request that came through one, else to the device. Its reply to INIT is replaced by
    /// the one that was negotiated.
    static func send(
        _ device: Int32, _ parts: UnsafeMutablePointer<iovec>?, _ count: Int32, _ userdata: UnsafeMutableRawPointer?
    ) -> Int {
        guard let parts = unsafe parts, count == 1 || count == 2, let userdata = unsafe userdata,
            let header = unsafe parts[0].iov_base?.loadUnaligned(as: fuse_out_header.self)
        else { return unsafe writev(device, parts, count) }
        unsafe CurrentOnce.answered(
            header.unique, header.error,
            UnsafeRawBufferPointer(start: count == 2 ? parts[1].iov_base : nil, count: count == 2 ? parts[1].iov_len : 0))
        if let entry = CurrentRingEntry.current {
            let data =
                unsafe count == 2
                ? UnsafeRawBufferPointer(start: parts[1].iov_base, count: parts[1].iov_len) : .init(start: nil, count: 0)
            if unsafe entry.keep(header, data) { return Int(header.len) }
        }
        guard CurrentInput.opcode == FUSE_INIT.rawValue, count == 2, header.error == 0,
            var reply = unsafe SessionState.of(userdata).takeAnswer(to: header.unique)
        else { return unsafe writev(device, parts, count) }
        let state = unsafe SessionState.of(userdata)
        if state.isResumed.withLock({ $0 }) { return Int(header.len) }
        var newHeader = fuse_out_header(
            len: UInt32(MemoryLayout<fuse_out_header>.size + MemoryLayout<fuse_init_out>.size), error: 0, unique: header.unique)
        let sent = unsafe withUnsafeMutableBytes(of: &newHeader) { head in
            unsafe withUnsafeBytes(of: &reply) { unsafe DeviceChannel.send(to: device, head, $0) }
        }
        if sent {
            CurrentInput.bytes.map(state.options.began)
            state.startRings()
        } else {
            state.giveUpRings()
        }
        return sent ? Int(newHeader.len) : -1
    }
}
