internal import Dispatch
internal import LinuxSystem

/// Lets tasks wait for the state's revision to become another one.
package final class ChangeSignal: Sendable {
    fileprivate struct Waiter {
        let continuation: CheckedContinuation<Void, Never>
        let timer: any DispatchSourceTimer
    }

    private struct State {
        var revision: Int
        var next = 0
        var waiting: [Int: Waiter] = [:]
    }

    private let state: Lock<State>
    private let timers = QuietQueue(label: "pinfold.timers")

    package init(revision: Int) {
        state = Lock(State(revision: revision))
    }

    package var revision: Int { state.withLock { $0.revision } }

    /// Counts one further and wakes everybody who waits.
    /// - Parameter showing: makes visible what carries the new revision, in the same moment: nobody reads that and then waits for a
    ///   revision that they have seen already.
    package func advance(showing: (Int) -> Void) {
        let woken = state.withLock { state in
            state.revision += 1
            showing(state.revision)
            defer { state.waiting = [:] }
            return state.waiting.values.map(\.self)
        }
        for waiter in woken { waiter.resume() }
    }

    /// Returns when the revision is another than `revision`, after the time, or when the task is cancelled. A later one than any there has
    /// been is another daemon's, from before the clock went back: not waited for.
    package func wait(after revision: Int, milliseconds: Int) async {
        guard milliseconds > 0 else { return }
        let ticket = state.withLock { state in
            state.next += 1
            return state.next
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isDue = state.withLock { state in
                    if state.revision != revision || Task.isCancelled { return true }
                    // Begun only now, under the lock that it needs to release anybody: it cannot end before there is somebody to release.
                    let timer = timers.after(milliseconds: milliseconds) { [self] in release(ticket) }
                    state.waiting[ticket] = Waiter(continuation: continuation, timer: timer)
                    return false
                }
                if isDue { continuation.resume() }
            }
        } onCancel: {
            release(ticket)
        }
    }

    private func release(_ ticket: Int) {
        state.withLock { $0.waiting.removeValue(forKey: ticket) }?.resume()
    }
}

extension ChangeSignal.Waiter {
    fileprivate func resume() {
        continuation.resume()
        timer.cancel()
    }
}
