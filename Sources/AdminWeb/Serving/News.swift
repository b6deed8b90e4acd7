internal import Dispatch
internal import LinuxSystem

/// Tells every open page of each new revision. One thread asks for all of them, and none where nobody listens.
final class News: Sendable {
    enum Message: Sendable {
        case revision(Int)
        /// Nothing new; the connection is still there.
        case alive
    }

    /// Pages that can follow at once.
    static let mostListeners = 200
    private static let pause = 15

    private let daemon: Daemon
    private let queue = DispatchQueue(label: "pinfold.news")
    private let state = Lock(State())

    private struct State {
        var listeners: [Int: AsyncStream<Message>.Continuation] = [:]
        var number = 0
        var isAsking = false
        var revision = -1
    }

    init(_ daemon: Daemon) { self.daemon = daemon }

    /// What is new from now on, beginning with the revision of now; nil where too many listen.
    func listen() -> AsyncStream<Message>? {
        let (stream, continuation) = AsyncStream<Message>.makeStream(bufferingPolicy: .bufferingNewest(1))
        let starts: Bool? = state.withLock { state in
            guard state.listeners.count < Self.mostListeners else { return nil }
            state.number += 1
            let number = state.number
            state.listeners[number] = continuation
            continuation.onTermination = { [weak self] _ in
                // Never while the lock is held: what ends a stream is its reader.
                self?.state.withLock { _ = $0.listeners.removeValue(forKey: number) }
            }
            if state.revision >= 0 { continuation.yield(.revision(state.revision)) }
            defer { state.isAsking = true }
            return !state.isAsking
        }
        guard let starts else { return nil }
        if starts { queue.async { self.ask() } }
        return stream
    }

    private func ask() {
        while true {
            let known: Int? = state.withLock { state in
                if state.listeners.isEmpty {
                    // Who comes later is told the revision that is asked for then.
                    (state.isAsking, state.revision) = (false, -1)
                    return nil
                }
                return state.revision
            }
            guard let known else { return }
            do {
                let revision = try daemon.revision(after: known, seconds: Self.pause)
                tell(revision == known ? .alive : .revision(revision), revision)
            } catch {
                // The daemon is gone: every page is told by the end of its stream, and asks again by itself.
                let listeners = state.withLock { state in
                    defer { (state.listeners, state.isAsking, state.revision) = ([:], false, -1) }
                    return Array(state.listeners.values)
                }
                for listener in listeners { listener.finish() }
                return
            }
        }
    }

    private func tell(_ message: Message, _ revision: Int) {
        let listeners = state.withLock { state in
            state.revision = revision
            return Array(state.listeners.values)
        }
        for listener in listeners { listener.yield(message) }
    }
}
