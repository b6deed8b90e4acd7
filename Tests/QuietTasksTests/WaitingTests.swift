import LinuxSystem
import QuietTasks
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(10))) struct `A bell` {
    @Test func `keeps what rang while nobody waited, as one`() throws {
        let bell = try Bell()
        for _ in 1...3 { bell.ring() }
        let clock = ContinuousClock()
        #expect(clock.measure { bell.wait(seconds: 50) } < .seconds(40))
        // The three were one: now it waits as long as it is told.
        #expect(clock.measure { bell.wait(seconds: 0.05) } >= .milliseconds(50))
    }

    @Test func `is heard by who waits`() throws {
        let bell = try Bell()
        let ringer = try SystemThread("ringer") { bell.ring() }
        #expect(ContinuousClock().measure { bell.wait(seconds: 50) } < .seconds(40))
        ringer.join()
    }
}

@Suite(.timeLimit(.minutes(10))) struct `A signal of changes` {
    @Test func `lets nobody wait for a revision that has gone by`() async {
        let signal = ChangeSignal(revision: 7)
        for revision in [0, 6, 8] { await signal.wait(after: revision, milliseconds: 50_000) }
        #expect(signal.revision == 7)
    }

    @Test func `wakes all who wait, once what it shows is there`() async {
        let signal = ChangeSignal(revision: 1)
        let shown = Lock(0)
        await withTaskGroup(of: Int.self) { group in
            for _ in 1...3 {
                group.addTask {
                    await signal.wait(after: 1, milliseconds: 50_000)
                    return shown.withLock { $0 }
                }
            }
            signal.advance { revision in shown.withLock { $0 = revision } }
            for await seen in group { #expect(seen == 2) }
        }
    }

    @Test func `lets go of who has waited long enough, and of who is called off`() async {
        let signal = ChangeSignal(revision: 1)
        await signal.wait(after: 1, milliseconds: 20)
        let waiting = Task { await signal.wait(after: 1, milliseconds: 50_000) }
        waiting.cancel()
        await waiting.value
        #expect(signal.revision == 1)
    }
}

@Suite(.timeLimit(.minutes(10))) struct `The end of a daemon` {
    @Test func `releases who waits, and at once who comes later, but not who has gone`() {
        let departure = Departure()
        let released = Lock<[String]>([])
        func wait(_ name: String) -> Int { departure.whenBegun { released.withLock { $0.append(name) } } }
        _ = wait("one")
        departure.forget(wait("gone"))
        #expect(!departure.hasBegun && released.withLock { $0.isEmpty })
        departure.begin()
        _ = wait("late")
        #expect(departure.hasBegun && released.withLock { $0 } == ["one", "late"])
    }

    @Test func `is answered by whoever comes first, once`() async {
        let value = await withCheckedContinuation { continuation in
            let answer = FirstAnswer<Int>(continuation)
            answer.give(1)
            answer.give(2)
        }
        #expect(value == 1)
    }
}
