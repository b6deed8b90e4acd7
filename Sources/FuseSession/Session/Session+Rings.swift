internal import CFuse3
internal import CLinux
internal import LinuxSystem
internal import SystemPackage

extension Session {
    /// Starts the workers that are asked through rings, up to the point where the kernel has to agree. Where there are to be none, or cannot be, all
    /// requests come through the device.
    func prepareRings() {
        guard options.features.contains(.rings), !options.ringSeats.isEmpty else { return }
        let crew = RingCrew(seats: options.ringSeats.count)
        for (number, seat) in options.ringSeats.enumerated() {
            do throws(Errno) {
                _ = try SystemThread("\(options.name)-r\(number)") { [self] in serve(seat, of: crew) }
            } catch {
                crew.prepared(error)
            }
        }
        do throws(Errno) {
            try crew.waitUntilPrepared()
            state.rings.withLock { $0 = crew }
        } catch {
            crew.decide(false)
        }
    }

    private func serve(_ seat: RingSeat, of crew: RingCrew) {
        if let processor = seat.processor { Processors.stay(on: processor) }
        do throws(Errno) {
            let ring = try CommandRing.make(entries: UInt32(seat.queues.count), for: state.device.descriptor.rawValue)
            let entries = try seat.queues.map { queue throws(Errno) in try RingEntry(queue: queue) }
            crew.prepared(nil)
            if crew.mayStart() { serve(entries, through: ring) }
        } catch {
            crew.prepared(error)
        }
    }

    private func serve(_ entries: [RingEntry], through ring: borrowing CommandRing) {
        running.withLock { $0 += 1 }
        ringWorkers.withLock { $0 += 1 }
        defer {
            ringWorkers.withLock { $0 -= 1 }
            workerEnded()
        }
        for (tag, entry) in entries.enumerated() { unsafe entry.offer(by: ring, tag: UInt64(tag)) }
        while true {
            do throws(Errno) {
                try ring.wait()
                // One at a time: the next request may take long, and it is `wait` that sends an answer.
                guard let answer = ring.answer() else { continue }
                let entry = entries[Int(answer.tag)]
                if let error = answer.error {
                    if !entry.isTaken { return try refused(error) }
                    guard Self.isPassing(error) else { throw error }
                    unsafe entry.commitAgain(by: ring, tag: answer.tag)
                } else {
                    serve(answer.tag, at: entry, ring)
                }
            } catch {
                if isOver { return }
                // Requests would wait for this worker for ever; the end of the process answers them all.
                guard Self.isPassing(error) else { fatalError("the kernel has taken a ring back: \(error)") }
                SystemThread.sleep(milliseconds: 1)
            }
        }
    }

    private func serve(_ tag: UInt64, at entry: RingEntry, _ ring: borrowing CommandRing) {
        CurrentRingEntry.set(entry)
        if let message = unsafe entry.message() { unsafe serve(message) }
        unsafe entry.commit(by: ring, tag: tag)
    }

    /// The kernel does not take the entry. Then it asks through the device, but for a security module's refusal, after which it waits for more
    /// entries for ever.
    private func refused(_ error: Errno) throws(Errno) {
        if error == .permissionDenied { throw error }
    }

    /// Of memory that is short, or a signal.
    private static func isPassing(_ error: Errno) -> Bool {
        [.noMemory, .resourceTemporarilyUnavailable, .resourceBusy, .interrupted].contains(error)
    }

    /// Whether the last mount is gone: then entries come back with one error or another.
    private var isOver: Bool {
        var entry = pollfd(fd: state.device.descriptor.rawValue, events: 0, revents: 0)
        return unsafe poll(&entry, 1, 0) == 1 && entry.revents & Int16(POLLERR) != 0
    }
}
