internal import FuseSession
internal import LinuxSystem
internal import Synchronization
internal import SystemPackage

/// What the kernel must look up again because an answer has told it what is not so.
final class Afterthoughts: Sendable {
    private struct Thought {
        let parent: NodeID
        let name: [UInt8]
    }
    private let thoughts = Mailbox<Thought>()
    private let notifier = Lock<Notifier?>(nil)
    private let isRunning = Atomic(false)

    func start(_ notifier: Notifier) { self.notifier.withLock { $0 = notifier } }

    /// Has the kernel look `name` in `parent` up again before it uses it, from the answer on that is about to be given; before Linux 6.16, a moment later.
    func lookAgain(at name: borrowing PathBytes, in parent: NodeID) {
        // All names of the zone are looked up again, which costs no lock that the request has. A look at this one that began before comes too early
        // to count, and a later one finds what is on the disk.
        let notifier = notifier.withLock { $0 }
        do throws(Errno) {
            if let notifier { return try notifier.increaseEpoch() }
        } catch {}
        // The kernel holds locks that telling it of one name needs until it has the answer: another thread does that.
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
