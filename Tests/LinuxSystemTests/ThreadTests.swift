import LinuxSystem
import SystemPackage
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(10))) struct `Threads` {
    @Test func `share a lock's state without losing anything`() throws {
        let count = Lock(0)
        let others = try (0..<4).map { _ in
            try Pending("counts") { for _ in 0..<20_000 { count.withLock { $0 += 1 } } }
        }
        for other in others { other.value }
        #expect(count.withLock { $0 } == 80_000)
    }

    @Test func `are named, and waited for to their end`() throws {
        let seen = Lock("")
        let thread = try SystemThread("a-name-of-16-bytes-and-more") {
            let name = (try? readFile("/proc/thread-self/comm")) ?? ""
            seen.withLock { $0 = name }
        }
        thread.join()
        #expect(seen.withLock { $0 } == "a-name-of-16-by\n")
    }

    @Test func `rest at least as long as they are told`() {
        let begun = SystemClock.monotonic
        SystemThread.sleep(nanoseconds: 3_000_000)
        #expect(SystemClock.monotonic - begun >= 3_000_000)
    }

    @Test func `hand letters over in their order, and lose those for which there is no room`() throws {
        let box = Mailbox<Int>(capacity: 1000)
        #expect((0..<1001).map { box.put($0) } == Array(repeating: true, count: 1000) + [false])
        let taken = try Pending("takes") { (0..<1000).map { _ in box.take() } }
        #expect(taken.value == Array(0..<1000))
        let waits = try Pending("waits") { box.take() }
        box.put(7)
        #expect(waits.value == 7)
    }
}
