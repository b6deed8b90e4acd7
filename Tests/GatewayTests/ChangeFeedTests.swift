import CLinux
@testable import GatewayFileSystem
import LinuxSystem
import SystemPackage
import TestSupport
import Testing

/// How reports of changes are handed out to those who know what they are about.
@Suite struct `A feed of changes` {
    private static let changes: FilesystemEvent.Changes = [.created, .deleted, .modified, .onDirectory]

    private func subscribe(_ memory: FeedMemory, _ manner: Manner = .prompt) throws -> Subscription {
        try Subscription(memory, Self.changes, manner)
    }

    /// A file's handle that no file has.
    private func handle(_ number: UInt64) -> FileHandle { FileHandle(words: (number, 0, 0, 0), length: 8, type: 1) }

    /// A report as the kernel writes it: of what became of a file, with the directory that it is in.
    private func report(
        _ changes: FilesystemEvent.Changes, of file: UInt64, in directory: UInt64, to newDirectory: UInt64? = nil,
        named name: String = "name"
    ) -> [UInt8] {
        func number<Value: FixedWidthInteger>(_ value: Value) -> [UInt8] {
            unsafe withUnsafeBytes(of: value.littleEndian) { unsafe Array($0) }
        }
        func record(_ type: Int32, _ handle: UInt64, _ name: [UInt8]) -> [UInt8] {
            let body = number(UInt64(7)) + number(UInt32(8)) + number(Int32(1)) + number(handle) + name
            return [UInt8(type), 0] + number(UInt16(4 + body.count)) + body
        }
        var name = Array(name.utf8) + [0]
        while !name.count.isMultiple(of: 4) { name.append(0) }
        let kind = newDirectory == nil ? FAN_EVENT_INFO_TYPE_DFID_NAME : FAN_EVENT_INFO_TYPE_OLD_DFID_NAME
        let moved = newDirectory.map { record(FAN_EVENT_INFO_TYPE_NEW_DFID_NAME, $0, name) } ?? []
        let records = record(kind, directory, name) + moved + record(FAN_EVENT_INFO_TYPE_FID, file, [])
        let length = UInt32(24 + records.count)
        let header = number(length) + [UInt8(FANOTIFY_METADATA_VERSION), 0] + number(UInt16(24)) + number(changes.rawValue)
        return header + number(Int32(-1)) + number(Int32(1)) + records
    }

    private func handOut(_ bytes: [UInt8], _ memory: FeedMemory, lane: Int = 0) {
        unsafe bytes.withUnsafeBytes { _ = unsafe Handout(memory, lane).all(in: $0) }
    }

    /// What it is given now: the changes of each report.
    private func taken(_ subscription: Subscription) -> [FilesystemEvent.Changes] {
        var found: [FilesystemEvent.Changes] = []
        func note(_ bytes: UnsafeRawBufferPointer) { unsafe FilesystemEvent.forEach(in: bytes) { found.append($0.changes) } }
        while unsafe subscription.take(note) != nil {}
        subscription.clear()
        return found
    }

    @Test func `who knows neither file nor directory is not given its changes`() throws {
        let memory = try FeedMemory()
        let (one, other) = (try subscribe(memory), try subscribe(memory))
        one.filter.add(handle(1))
        other.filter.add(handle(2))
        handOut(report(.modified, of: 1, in: 8) + report(.modified, of: 5, in: 2) + report(.modified, of: 6, in: 8), memory)
        #expect(taken(one) == [.modified])
        #expect(taken(other) == [.modified])
        // What it does not want, it is not given either.
        handOut(report(.attributes, of: 1, in: 8), memory)
        #expect(taken(one).isEmpty)
    }

    @Test func `a name that is asked for is told of wherever it comes`() throws {
        let memory = try FeedMemory()
        let subscription = try subscribe(memory)
        subscription.ask(for: Array("secret".utf8))
        handOut(report(.created, of: 1, in: 2, named: "secret") + report(.created, of: 3, in: 2, named: "other"), memory)
        #expect(taken(subscription) == [.created])
    }

    @Test func `who follows knows a directory that is made where it knows the one above`() throws {
        let memory = try FeedMemory()
        let subscription = try subscribe(memory, .follows)
        subscription.filter.add(handle(1))
        // Before it has heard of the directory, it is told of what is made in it.
        handOut(
            report([.created, .onDirectory], of: 2, in: 1) + report([.created, .onDirectory], of: 3, in: 2)
                + report(.created, of: 4, in: 3)
                + report(.created, of: 5, in: 9), memory)
        #expect(taken(subscription).count == 3)
    }

    @Test func `one that is open is given all, until it has taken all`() throws {
        let memory = try FeedMemory()
        let subscription = try subscribe(memory, .follows)
        subscription.open()
        handOut(report(.modified, of: 1, in: 2), memory)
        subscription.closeIfCaughtUp()
        handOut(report(.modified, of: 1, in: 2), memory)
        #expect(taken(subscription).count == 2)
        subscription.closeIfCaughtUp()
        handOut(report(.modified, of: 1, in: 2), memory)
        #expect(taken(subscription).isEmpty)
    }

    @Test func `one that is open stays so while somebody hands out, and while it has not taken all`() throws {
        let memory = try FeedMemory()
        let (subscription, lane) = (try subscribe(memory, .follows), memory.lane(1))
        subscription.open()
        // What is read just now may tell of what is not known yet.
        lane.rounds.add(1)
        subscription.closeIfCaughtUp()
        handOut(report(.modified, of: 1, in: 2), memory)
        lane.rounds.add(1)
        subscription.closeIfCaughtUp()
        handOut(report(.modified, of: 3, in: 2), memory)
        #expect(taken(subscription).count == 2)
        subscription.closeIfCaughtUp()
        handOut(report(.modified, of: 1, in: 2), memory)
        #expect(taken(subscription).isEmpty)
    }

    @Test func `who follows is given all by those who read for another one`() throws {
        let memory = try FeedMemory()
        let (one, other) = (try subscribe(memory, .follows), try subscribe(memory))
        // What the other one has read of new directories may come later.
        handOut(report(.modified, of: 1, in: 2), memory, lane: 1)
        #expect(taken(one) == [.modified])
        #expect(taken(other).isEmpty)
    }

    @Test func `no lane waits for another one that is never empty`() throws {
        let memory = try FeedMemory()
        let subscription = try subscribe(memory)
        for file: UInt64 in [1, 2] { subscription.filter.add(handle(file)) }
        handOut(report(.deleted, of: 2, in: 9), memory, lane: 3)
        var found: [FilesystemEvent.Changes] = []
        func note(_ bytes: UnsafeRawBufferPointer) { unsafe FilesystemEvent.forEach(in: bytes) { found.append($0.changes) } }
        for _ in 0..<2 {
            handOut(report(.modified, of: 1, in: 9), memory)
            _ = unsafe subscription.take(note)
        }
        #expect(found.contains(.deleted))
    }

    @Test func `a directory that comes from elsewhere opens who follows, one that he knows does not`() throws {
        let memory = try FeedMemory()
        let subscription = try Subscription(memory, FilesystemMonitor.doings, .follows)
        let seat = memory.seat(subscription.index)
        for directory: UInt64 in [1, 2] { subscription.filter.add(handle(directory)) }
        func rename(_ file: UInt64, from old: UInt64, to new: UInt64) -> [UInt8] {
            report([.renamed, .onDirectory], of: file, in: old, to: new)
        }
        handOut(rename(5, from: 1, to: 2), memory)
        #expect(seat.isOpen.value == 0)
        // Its bit may be another's: what matters is where it comes from.
        handOut(rename(5, from: 9, to: 2), memory)
        #expect(seat.isOpen.value != 0)
        #expect(taken(subscription) == [[.renamed, .onDirectory], [.renamed, .onDirectory]])
    }

    @Test func `what is written over the end of the ring is read whole`() throws {
        let memory = try FeedMemory()
        let subscription = try subscribe(memory)
        subscription.filter.add(handle(1))
        let one = report(.modified, of: 1, in: 2, named: String(repeating: "n", count: 200))
        for lane in 0..<FeedMemory.lanes {
            let ring = memory.ring(lane, subscription.index)
            for place in stride(from: 4, to: one.count, by: 4) {
                let start = 3 * (ring.capacity + 4 << 20) - UInt64(place)
                ring.publish(start)
                ring.clear(until: start)
                subscription.begin()
                handOut(one + one, memory, lane: lane)
                #expect(taken(subscription) == [.modified, .modified], "\(place) bytes before the end")
            }
        }
    }

    @Test(arguments: [Manner.prompt, .follows])
    func `a ring without room loses reports, says so once, and goes on`(manner: Manner) throws {
        let memory = try FeedMemory()
        let subscription = try subscribe(memory, manner)
        subscription.filter.add(handle(1))
        let one = report(.modified, of: 1, in: 2)
        memory.seat(subscription.index).limit.value = UInt64(2 * one.count)
        handOut(one + one + one + one, memory)
        // Who looks at everything anew needs nothing of what came before; who records tells it first.
        #expect(taken(subscription) == (manner == .prompt ? [.overflow] : [.modified, .modified, .overflow]))
        handOut(one, memory)
        #expect(taken(subscription) == [.modified])
    }

    @Test func `what is lost while a loss is acted upon is told as well`() throws {
        let memory = try FeedMemory()
        let subscription = try subscribe(memory)
        Handout(memory, 0).loss()
        var told = 0
        func act(_ bytes: UnsafeRawBufferPointer) {
            told += 1
            // Everything is being looked at anew, and this comes behind it.
            if told == 1 { Handout(memory, 0).loss() }
        }
        while unsafe subscription.take(act) != nil {}
        subscription.clear()
        #expect(told == 2 && taken(subscription).isEmpty)
    }

    @Test func `a loss that was not acted upon to its end is told again`() throws {
        let memory = try FeedMemory()
        let subscription = try subscribe(memory)
        Handout(memory, 0).loss()
        #expect(unsafe subscription.take { _ in 1 } == 1)
        // Its process ended there.
        subscription.begin()
        #expect(taken(subscription) == [.overflow])
        subscription.begin()
        #expect(taken(subscription).isEmpty)
    }

    @Test func `what stands there and is no report is a loss`() throws {
        let memory = try FeedMemory()
        let subscription = try subscribe(memory)
        subscription.filter.add(handle(1))
        let ring = memory.ring(2, subscription.index)
        ring.publish(100)
        #expect(taken(subscription) == [.overflow])
        ring.publish(.max / 2)
        #expect(taken(subscription) == [.overflow])
        handOut(report(.modified, of: 1, in: 2), memory, lane: 2)
        #expect(taken(subscription) == [.modified])
    }

    @Test func `counters go on behind their largest number`() throws {
        let memory = try FeedMemory()
        let subscription = try subscribe(memory)
        subscription.filter.add(handle(1))
        let (seat, ring) = (memory.seat(subscription.index), memory.ring(0, subscription.index))
        unsafe withUnsafeTemporaryAllocation(byteCount: 8, alignment: 8) { place in
            unsafe place.storeBytes(of: UInt32.max, as: UInt32.self)
            let bell = unsafe SharedBell(at: place.baseAddress.unsafelyUnwrapped)
            bell.ring()
            #expect(bell.rings == 0)
        }
        (seat.losses.value, seat.knownLosses.value) = (.max, .max)
        ring.publish(.max - 16)
        ring.clear(until: .max - 16)
        subscription.begin()
        Handout(memory, 0).loss()
        #expect(taken(subscription) == [.overflow])
        #expect(seat.losses.value == 0)
    }

    @Test func `a seat that its owner has left is the next one's, with nothing of his`() throws {
        let memory = try FeedMemory()
        for _ in 0..<3 * FeedMemory.seats {
            let subscription = try subscribe(memory)
            #expect(!subscription.hasMore && !subscription.filter.has(handle(1).interest))
            subscription.filter.add(handle(1))
            handOut(report(.modified, of: 1, in: 2), memory)
            #expect(subscription.hasMore)
        }
        // Processes that other tests are just starting have a seat's descriptor until they are another program.
        var all: [Subscription] = []
        while let next = try? subscribe(memory) { all.append(next) }
        #expect(Set(all.map(\.index)).count == all.count && all.count > FeedMemory.seats / 2)
        #expect(throws: Errno.noSpace) { try subscribe(memory) }
    }

    @Test func `memory of another form is refused`() throws {
        let file = Descriptor(owning: try check { unsafe pinfold_memfd_create("other") })
        #expect(throws: Errno.invalidArgument) { try FeedMemory(adopting: try file.duplicate()) }
        let memory = try FeedMemory()
        let same = try memory.withDescriptor { file throws(Errno) in try file.duplicate() }
        _ = try FeedMemory(adopting: try same.duplicate())
        var version = FeedMemory.version + 1
        #expect(unsafe pwrite(same.rawValue, &version, 8, 8) == 8)
        #expect(throws: Errno.invalidArgument) { try FeedMemory(adopting: try same.duplicate()) }
    }
}

/// What changes on the disk is read once for all views of the machine.
@Suite(.serialized, .timeLimit(.minutes(10))) struct `Changes for several views` {
    private func withViews(
        _ count: Int, _ views: [MountedGateway] = [], _ body: ([MountedGateway]) async throws -> Void
    ) async throws {
        if views.count == count { return try await body(views) }
        try await withGateway(.init(killsServers: true)) { gateway in try await withViews(count, views + [gateway], body) }
    }

    /// The memory that a view has its changes from.
    private func feed(_ gateway: MountedGateway) throws -> String {
        let script = "stat -L -c %i $(find /proc/\(gateway.pid)/fd -lname '/memfd:pinfold-changes*' | head -n 1)"
        return try shell(script).requireSuccess()
    }

    /// Each of the views sees what changes below it.
    private func expectChangesSeen(_ views: [MountedGateway], _ text: String) async throws {
        let name = text.replacing(" ", with: "-")
        for view in views {
            _ = try? readFile(view.view + "/file")
            #expect(!exists("\(view.view)/\(name)"))
        }
        for view in views {
            try replaceFile(view.source + "/file", text)
            try writeFile("\(view.source)/\(name)", "")
        }
        for (index, view) in views.enumerated() {
            try await eventually("'\(text)' in view \(index)") { (try? readFile(view.view + "/file")) == text }
            try await eventually("a file made '\(text)' in view \(index)") { exists("\(view.view)/\(name)") }
        }
    }

    @Test func `are read once, and each view sees its own`() async throws {
        try await withViews(3) { views in
            // A gateway of another test may be the first that they found; they found the same.
            #expect(Set(try views.map(feed)).count == 1)
            for round in 0..<5 { try await expectChangesSeen(views, "round \(round)") }
        }
    }

    @Test func `come whoever of them is killed`() async throws {
        try await withViews(3) { views in
            for round in 0..<3 {
                for view in views {
                    let server = try view.server
                    try #require(kill(server, SIGKILL) == 0)
                    // Of the others at once, of this one from its next server.
                    try await expectChangesSeen(views, "server \(server) in round \(round)")
                }
            }
        }
    }

    @Test func `come when a view ends, by an order or without one`() async throws {
        try await withTemporaryDirectory { directory in
            for (number, signal) in [SIGTERM, SIGKILL, SIGTERM, SIGKILL].enumerated() {
                let place = directory + "/\(number)"
                try MountedGateway.makeDirectories(in: place)
                let first = try startGateway(MountedGateway.arguments(place), log: place + "/log")
                try await withViews(2) { views in
                    try await expectChangesSeen(views, "before")
                    try first.signal(signal)
                    try await expectChangesSeen(views, "while it ends")
                    #expect(try first.ends(withinMilliseconds: 20_000))
                    try await expectChangesSeen(views, "after")
                }
                _ = try first.wait()
                _ = try run("umount", ["-l", place + "/view"])
            }
        }
    }

    @Test func `come when one ends that stood still`() async throws {
        try await withTemporaryDirectory { directory in
            for number in 0..<2 {
                let place = "\(directory)/\(number)"
                try MountedGateway.makeDirectories(in: place)
                let first = try startGateway(MountedGateway.arguments(place), log: place + "/log")
                let server = try MountedGateway(directory: place, pid: first.pid).server
                try await withViews(3) { views in
                    try #require(kill(server, SIGSTOP) == 0)
                    try await expectChangesSeen(views, "while it stands still")
                    try first.signal(SIGKILL)
                    kill(server, SIGKILL)
                    #expect(try first.ends(withinMilliseconds: 20_000))
                    for round in 0..<3 { try await expectChangesSeen(views, "after its end \(round)") }
                }
                _ = try first.wait()
                _ = try run("umount", ["-l", place + "/view"])
            }
        }
    }

    @Test func `are read by itself by one that finds no seat left`() async throws {
        try await withViews(1) { first in
            let path = MountRuntime(mountpoint: first[0].view).feed
            let shared = try FeedDoor.ask(path, until: SystemClock.monotonic + 10_000_000_000)
            var taken: [FeedSeats] = []
            while let more = try? FeedSeats(shared, .init(coherence: true, doings: false)) { taken.append(more) }
            try #require(taken.count > 8)
            try await withViews(2, first) { views in
                #expect(try feed(views[0]) != feed(views[1]))
                try await expectChangesSeen(views, "without a seat")
            }
            _ = consume taken
        }
    }

    @Test func `come though one of them stands still`() async throws {
        try await withViews(3) { views in
            for view in views {
                let (server, others) = (try view.server, views.filter { $0 !== view })
                try #require(kill(server, SIGSTOP) == 0)
                defer { kill(server, SIGCONT) }
                for round in 0..<3 { try await expectChangesSeen(others, "beside \(server), round \(round)") }
            }
            // What came while it stood there it has missed nothing of.
            try await expectChangesSeen(views, "afterwards")
        }
    }
}
