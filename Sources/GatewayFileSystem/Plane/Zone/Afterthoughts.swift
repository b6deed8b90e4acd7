internal import FuseSession
internal import LinuxSystem
internal import Synchronization
internal import SystemPackage

/// What the kernel must be told after a request was answered, by a thread of its own: the kernel holds locks that the notification needs until it has
/// the answer.
final class Afterthoughts: Sendable {
    private struct Thought {
        let parent: NodeID
        let name: [UInt8]
    }
    private let thoughts = Mailbox<Thought>()
    private let notifier = Lock<Notifier?>(nil)
    private let isRunning = Atomic(false)

    func start(_ notifier: Notifier) { self.notifier.withLock { $0 = notifier } }

    /// Has the kernel look `name` in `parent` up again, soon.
    func invalidate(_ name: borrowing PathBytes, in parent: NodeID) {
        thoughts.put(Thought(parent: parent, name: name.array))
        guard !isRunning.exchange(true, ordering: .acquiringAndReleasing) else { return }
        do throws(Errno) {
            // For as long as the process serves.
            _ = try SystemThread("afterthoughts") { [self] in while true { tell(thoughts.take()) } }
        } catch {
            // No thread to be had now: the next one tries again.
            isRunning.store(false, ordering: .releasing)
        }
    }

    private func tell(_ thought: Thought) {
        let notifier = notifier.withLock { $0 }
        // ENOENT: the kernel does not know the name, which is as good.
        thought.name.withPathBytes { try? notifier?.invalidateEntry($0, in: thought.parent) }
    }
}
