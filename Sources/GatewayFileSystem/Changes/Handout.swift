internal import LinuxSystem
internal import SystemPackage

/// Puts what was reported into the rings of those whom it concerns. Of the one thread that has the lane.
struct Handout: Sendable {
    private let memory: FeedMemory
    private let lane: Int

    init(_ memory: FeedMemory, _ lane: Int) { (self.memory, self.lane) = (memory, lane) }

    /// What became of some reports.
    struct Outcome {
        var events = 0
        /// Whether somebody gets any of them who wants them soon.
        var isPrompt = false
    }

    /// Hands out all events in `bytes`.
    @discardableResult
    func all(in bytes: UnsafeRawBufferPointer) -> Outcome {
        var round = Round(memory, lane)
        var outcome = Outcome()
        outcome.events = unsafe FilesystemEvent.forEach(in: bytes) { round.take($0) }
        round.end()
        outcome.isPrompt = round.isPrompt
        return outcome
    }

    /// Tells everybody that something was lost.
    func loss() { Round(memory, lane).loseAll() }

    /// Those who have seats, as they are while some reports are handed out.
    private struct Round {
        private let memory: FeedMemory
        private var receivers: [Receiver]
        private(set) var isPrompt = false

        // A bit for each of the receivers.
        private let everybody: UInt64
        private let following: UInt64
        private var open: UInt64

        // Changes come in runs of one directory, and of one file. Who did not know it at the first look, and does now, has been answered since with what is so: all
        // that is handed out here had happened before.
        private var directory = Known()
        private var object = Known()

        private struct Known {
            private var key: UInt64?
            private var by: UInt64 = 0

            /// Which of them know the file.
            mutating func look(_ wanted: UInt64?, _ receivers: [Receiver]) -> UInt64 {
                guard let wanted else { return 0 }
                if wanted != key { (key, by) = (wanted, Round.who(of: receivers) { $0.filter.has(wanted) }) }
                return by
            }
        }

        init(_ memory: FeedMemory, _ lane: Int) {
            self.memory = memory
            let receivers = (0..<FeedMemory.seats).compactMap { Receiver($0, memory, lane) }
            self.receivers = receivers
            everybody = Self.who(of: receivers) { _ in true }
            following = Self.who(of: receivers) { Manner(rawValue: $0.manner.value).contains(.follows) }
            // Who reads for another one may be ahead of him, or behind: what that one has read of new directories is not known yet.
            let isBeside = lane != 0
            open = following & Self.who(of: receivers) { isBeside || Self.isOpen($0) }
        }

        /// Another number than before, so that it stays open if its owner was about to close it without what is handed out now.
        private static func isOpen(_ seat: FeedMemory.Seat) -> Bool {
            while true {
                let open = seat.isOpen.value
                if open == 0 { return false }
                if seat.isOpen.replace(open, by: open &+ 2 == 0 ? 2 : open &+ 2) { return true }
            }
        }

        private static func who(of receivers: [Receiver], _ wanted: (FeedMemory.Seat) -> Bool) -> UInt64 {
            var found: UInt64 = 0
            for index in receivers.indices where wanted(receivers[index].seat) { found |= 1 << UInt64(index) }
            return found
        }

        // MARK: Whom it concerns

        mutating func take(_ event: borrowing FilesystemEvent) {
            var whom = concerned(event)
            while whom != 0 {
                give(event, to: whom.trailingZeroBitCount)
                whom &= whom - 1
            }
        }

        private mutating func concerned(_ event: borrowing FilesystemEvent) -> UInt64 {
            let changes = event.changes
            if changes.hasAny(of: .overflow) { return everybody }
            let file = Self.key(event.object)
            let above = directory.look(Self.key(event.directory), receivers)
            var newDirectory = Known()
            let newAbove = newDirectory.look(Self.key(event.newDirectory), receivers)
            if changes.hasAny(of: .onDirectory) {
                if let file { follow(file, changes, above, newAbove) }
                // What is below it is somewhere else now, known or not.
                if changes.hasAny(of: .moves) { return everybody }
            }
            var whom = above | newAbove | object.look(file, receivers) | open
            if changes.hasAny(of: .names), let name = unsafe event.name { unsafe whom |= asking(for: name) }
            return whom
        }

        private static func key(_ handle: FilesystemEvent.Handle?) -> UInt64? {
            handle.flatMap { unsafe FileHandle(bytes: $0.bytes, type: $0.type) }?.interest
        }

        private func asking(for name: UnsafeBufferPointer<UInt8>) -> UInt64 {
            let key = unsafe InterestFilter.key(name)
            return Self.who(of: receivers) { $0.names.has(key) }
        }

        /// A directory that comes to be where somebody knows the one above is known to him from here on; one that comes from elsewhere may have others in it.
        private mutating func follow(_ key: UInt64, _ changes: FilesystemEvent.Changes, _ above: UInt64, _ newAbove: UInt64) {
            let moved = changes.hasAny(of: .renamed) ? newAbove & following : 0
            let made = changes.hasAny(of: .created) ? above & following : 0
            guard made | moved != 0 else { return }
            for index in receivers.indices where (made | moved) & 1 << UInt64(index) != 0 {
                let seat = receivers[index].seat
                if moved & ~above & 1 << UInt64(index) != 0 {
                    open |= 1 << UInt64(index)
                    seat.isOpen.add(2)
                }
                seat.filter.add(key: key)
            }
            (directory, object) = (Known(), Known())
        }

        // MARK: Giving

        private mutating func give(_ event: borrowing FilesystemEvent, to index: Int) {
            let changes = event.changes
            guard changes.hasAny(of: receivers[index].changes) || changes.hasAny(of: .overflow) else { return }
            if receivers[index].manner.contains(.prompt) { isPrompt = true }
            let receiver = receivers[index]
            guard let end = unsafe receiver.ring.put(event.bytes, at: receiver.end, limit: receiver.limit) else {
                receivers[index].hasLost = true
                return
            }
            receivers[index].end = end
            // Once in a while: nobody takes in what its owner, who has died, would have.
            if end >> 22 != receiver.end >> 22 { leaveOutIfAbandoned(receiver) }
        }

        /// Now it is there, whole: what a reader that ends before has put in is nothing, and is handed out again.
        func end() {
            for receiver in receivers where receiver.end != receiver.ring.end {
                receiver.ring.publish(receiver.end)
                receiver.seat.bell.ring()
            }
            for receiver in receivers where receiver.hasLost { lose(receiver) }
        }

        func loseAll() { for receiver in receivers { lose(receiver) } }

        private func lose(_ receiver: Receiver) {
            leaveOutIfAbandoned(receiver)
            receiver.seat.losses.add(1)
            receiver.seat.bell.ring()
        }

        private func leaveOutIfAbandoned(_ receiver: Receiver) {
            // Nobody takes the seat meanwhile, who would be left out then.
            guard memory.seatingMutex.lock(within: 0) != .late else { return }
            defer { memory.seatingMutex.unlock() }
            let isAbandoned = memory.withDescriptor { file in Subscription.isAbandoned(receiver.index, file) }
            guard isAbandoned else { return }
            receiver.seat.isTaken.value = 0
            for lane in 0..<FeedMemory.lanes { memory.ring(lane, receiver.index).skip() }
        }
    }

    private struct Receiver {
        let index: Int
        let seat: FeedMemory.Seat
        /// Without that they are about directories, which none of them is alone.
        let changes: FilesystemEvent.Changes
        let manner: Manner
        let limit: UInt64
        let ring: FeedRing
        /// Up to where it is filled, which nobody has been told yet.
        var end: UInt64
        var hasLost = false

        init?(_ index: Int, _ memory: FeedMemory, _ lane: Int) {
            let seat = memory.seat(index)
            guard seat.isTaken.value != 0 else { return nil }
            (self.index, self.seat) = (index, seat)
            changes = FilesystemEvent.Changes(rawValue: seat.changes.value).subtracting(.onDirectory)
            manner = Manner(rawValue: seat.manner.value)
            ring = memory.ring(lane, index)
            limit = min(seat.limit.value, ring.capacity)
            end = ring.end
        }
    }
}
