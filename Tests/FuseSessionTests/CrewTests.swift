import CLinux
import FuseSession
import LinuxSystem
import SystemPackage
import TestSupport
import Testing

/// A crew that serves a pipe: each byte is a request, and `w` is one that waits until it is told to go on.
private final class PipeCrew: Sendable {
    static let workers = 4
    let requests: Descriptor
    private let gate: Descriptor
    private let reader: SharedDescriptor
    private let waiting: SharedDescriptor
    private let crew: Crew
    let served = Lock<[UInt8]>([])
    let begun = Lock(0)
    let gone = Lock(0)

    init() throws {
        let asked = try Pipe()
        requests = try asked.writing.duplicate()
        reader = SharedDescriptor(asked.keepReading())
        let held = try Pipe()
        gate = try held.writing.duplicate()
        waiting = SharedDescriptor(held.keepReading())
        crew = Crew(device: reader, most: Self.workers)
        _ = try SystemThread("watch") { [self] in
            crew.watch()
            gone.withLock { $0 += 1 }
        }
        for _ in 0..<Self.workers {
            _ = try SystemThread("worker") { [self] in
                work()
                gone.withLock { $0 += 1 }
            }
        }
    }

    private func work() {
        while crew.join() {
            var byte: UInt8 = 0
            guard unsafe read(reader.descriptor.rawValue, &byte, 1) == 1 else { return crew.end() }
            crew.leave(for: 1)
            begun.withLock { $0 += 1 }
            if byte == UInt8(ascii: "w") {
                var go: UInt8 = 0
                _ = unsafe read(waiting.descriptor.rawValue, &go, 1)
            }
            served.withLock { $0.append(byte) }
        }
    }

    func ask(_ text: String) { _ = unsafe write(requests.rawValue, text, text.utf8.count) }

    func goOn(_ count: Int) { _ = unsafe write(gate.rawValue, String(repeating: ".", count: count), count) }

    /// What an unmount is to a session: whoever waits for a request hears of the end.
    func end() {
        // Its only writer.
        _ = dup2(reader.descriptor.rawValue, requests.rawValue)
    }
}

@Suite(.timeLimit(.minutes(10))) struct `Workers of a session` {
    @Test func `serve others while some are held up`() async throws {
        let crew = try PipeCrew()
        for held in 1..<PipeCrew.workers {
            crew.ask("w")
            try await eventually("request \(held) waits") { crew.begun.withLock { $0 } == held * 2 - 1 }
            crew.ask("a")
            try await eventually("another is served beside \(held) that wait") { crew.served.withLock { $0.count } == held }
        }
        #expect(crew.served.withLock { $0 }.allSatisfy { $0 == UInt8(ascii: "a") })
        crew.goOn(PipeCrew.workers - 1)
        try await eventually("those that waited end too") { crew.served.withLock { $0.count } == 2 * (PipeCrew.workers - 1) }
        crew.end()
        try await eventually("all go home") { crew.gone.withLock { $0 } == PipeCrew.workers + 1 }
    }

    @Test func `serve each request once, however many come at a time`() async throws {
        let crew = try PipeCrew()
        for _ in 0..<200 { crew.ask(String(repeating: "a", count: 100)) }
        try await eventually("all are served") { crew.served.withLock { $0.count } == 20_000 }
        crew.end()
        try await eventually("all go home") { crew.gone.withLock { $0 } == PipeCrew.workers + 1 }
    }
}
