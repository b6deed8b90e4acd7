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
        Processors.stay(on: seat.processor)
        do throws(Errno) {
            let ring = try CommandRing.make(entries: UInt32(seat.queues.count))
            let places = try seat.queues.map { queue throws(Errno) in try RingPlace(queue: queue) }
            crew.prepared(nil)
            if crew.mayStart() { serve(places, through: ring) }
        } catch {
            crew.prepared(error)
        }
    }

    private func serve(_ places: [RingPlace], through ring: borrowing CommandRing) {
        running.withLock { $0 += 1 }
        defer { workerEnded() }
        for (tag, place) in places.enumerated() {
            unsafe place.offer(by: ring, device: state.device.descriptor.rawValue, tag: UInt64(tag))
        }
        do throws(Errno) {
            while true {
                try ring.wait()
                while let answer = ring.answer() {
                    if let error = answer.error { throw error }
                    serve(answer.tag, at: places[Int(answer.tag)], ring)
                }
            }
        } catch .socketNotConnected {
            // The last mount is gone.
        } catch {
            // Requests would wait for this worker for ever; the end of the process answers them all.
            fatalError("the kernel has taken a ring back: \(error)")
        }
    }

    private func serve(_ tag: UInt64, at place: RingPlace, _ ring: borrowing CommandRing) {
        CurrentPlace.set(place)
        if let message = unsafe place.message() { unsafe serve(message) }
        unsafe place.commit(by: ring, device: state.device.descriptor.rawValue, tag: tag)
    }
}
