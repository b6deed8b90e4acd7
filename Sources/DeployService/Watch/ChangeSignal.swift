internal import LinuxSystem

/// Lets tasks wait for the state's revision to grow.
final class ChangeSignal: Sendable {
    private struct State {
        var revision: Int
        var next = 0
        var waiting: [Int: (after: Int, continuation: CheckedContinuation<Void, Never>)] = [:]
    }

    private let state: Lock<State>

    init(revision: Int) {
        state = Lock(State(revision: revision))
    }

    var revision: Int { state.withLock { $0.revision } }

    func advance(to revision: Int) {
        let woken = state.withLock { state in
            state.revision = max(state.revision, revision)
            let due = state.waiting.filter { $0.value.after < state.revision }
            for ticket in due.keys { state.waiting[ticket] = nil }
            return due.values.map(\.continuation)
        }
        for continuation in woken { continuation.resume() }
    }

    /// Returns when the revision is later than `revision`, after the time, or when the task is cancelled.
    func wait(after revision: Int, milliseconds: Int) async {
        guard milliseconds > 0 else { return }
        let ticket = state.withLock { state in
            state.next += 1
            return state.next
        }
        let timer = Task { [self] in
            try? await Task.sleep(for: .milliseconds(milliseconds))
            release(ticket)
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isDue = state.withLock { state in
                    if state.revision > revision || Task.isCancelled { return true }
                    state.waiting[ticket] = (revision, continuation)
                    return false
                }
                if isDue { continuation.resume() }
            }
        } onCancel: {
            release(ticket)
        }
        timer.cancel()
    }

    private func release(_ ticket: Int) {
        state.withLock { $0.waiting.removeValue(forKey: ticket) }?.continuation.resume()
    }
}
