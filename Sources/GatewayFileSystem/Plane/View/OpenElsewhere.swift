internal import FuseSession
internal import LinuxSystem
internal import SystemPackage

/// Files of which the kernel was given something while somebody had them open for writing. What he writes may not be reported
/// (through a shared map, with Linux AIO, as a loop device), so what the kernel keeps of them is taken back every tenth of a
/// second, for as long as he has them.
///
/// Who opens such a file only after it was read is not noticed; what he writes without a report is seen when he closes it.
final class OpenElsewhere: Sendable {
    private struct State {
        var open: Set<NodeID> = []
        var isRunning = false
    }

    private struct Asked {
        let file: NodeID
        let time: UInt64
    }

    private let files: PlaneFiles
    /// When a file was asked about last, by its number: of two that meet in one slot the later one has it.
    private let asked = Lock([Asked?](repeating: nil, count: 256))
    private let notifier = Lock<Notifier?>(nil)
    private let state = Lock(State())
    private static let milliseconds: UInt64 = 100
    /// Nanoseconds.
    private static let interval: UInt64 = 50_000_000

    init(_ files: PlaneFiles) { self.files = files }

    func start(_ notifier: Notifier) { self.notifier.withLock { $0 = notifier } }

    /// The kernel has been given something of `file`, which is open for reading.
    func gave(_ id: NodeID, _ file: borrowing Descriptor) {
        // Where the file system has no leases nothing is known.
        guard files.keepsPages(id), isDue(id), (try? file.isOpenForWriting()) == true else { return }
        let starts = state.withLock { state -> Bool in
            state.open.insert(id)
            defer { state.isRunning = true }
            return !state.isRunning
        }
        guard starts else { return }
        do throws(Errno) {
            _ = try SystemThread("open-elsewhere") { [self] in run() }
        } catch {
            // No thread to be had now: the next one tries again.
            state.withLock { $0.isRunning = false }
        }
    }

    /// Whether it is time to ask: who opens a file for writing at the very moment waits for that, so nobody's reads make it happen
    /// all the time.
    private func isDue(_ id: NodeID) -> Bool {
        let slot = Int(truncatingIfNeeded: (id.rawValue &* 0x9e37_79b9_7f4a_7c15) >> 56)
        let now = SystemClock.monotonic
        return asked.withLock { asked in
            if let last = asked[slot], last.file == id, now < last.time + Self.interval { return false }
            asked[slot] = Asked(file: id, time: now)
            return true
        }
    }

    private func run() {
        while true {
            SystemThread.sleep(milliseconds: Self.milliseconds)
            let open = state.withLock { state -> Set<NodeID> in
                if state.open.isEmpty { state.isRunning = false }
                return state.open
            }
            if open.isEmpty { return }
            for id in open where !takeBack(id) { state.withLock { _ = $0.open.remove(id) } }
        }
    }

    /// - Returns: whether it is to be taken back again.
    private func takeBack(_ id: NodeID) -> Bool {
        // Asked first: what was written until then is taken back below, and what comes later is reported.
        let isStill = isOpen(id)
        files.dataChanges()
        do throws(Errno) {
            try notifier.withLock { $0 }?.invalidateInode(id, offset: 0, length: 0)
        } catch {
            // The kernel has forgotten it.
            return false
        }
        return isStill
    }

    private func isOpen(_ id: NodeID) -> Bool {
        guard let node = files.nodes.node(id) else { return false }
        return (try? files.reading(id, node).descriptor.isOpenForWriting()) == true
    }
}
