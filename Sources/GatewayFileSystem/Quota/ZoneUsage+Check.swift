internal import CLinux
internal import LinuxSystem
internal import Synchronization
internal import SystemPackage

// The look at the whole zone: how the count is made at the first start, and put right later, while everything goes on. It takes in what
// was changed beside the mount.
extension ZoneUsage {
    /// Counts everything in the zone, once each, and takes that for the count. Changes that are made meanwhile to what was looked at already
    /// count, others are found.
    ///
    /// - Parameter resting: whether it gives way to everybody else, at a fifth of its speed.
    func lookAtEverything(resting: Bool) throws(Errno) {
        let root = source.rootHandle
        withLedger { $0.beginCheck(root: root) }
        do throws(Errno) {
            let status = try source.root.descriptor.status()
            withLedger { $0.visit(status.inode, Self.bytes(status)) }
            var pace = Pace(isResting: resting)
            try source.walk(
                next: { withLedger { $0.check?.directories.popLast() } },
                add: { directory in withLedger { $0.check?.directories.append(directory) } }
            ) { name, inode, directory, _ throws(Errno) in
                pace.step()
                if isStopping.load(ordering: .relaxed) { throw .canceled }
                return visit(name, in: directory, inode: inode)?.kind == .directory
            }
        } catch {
            withLedger { $0.check = nil }
            throw error
        }
        let (before, after) = withLedger { ledger in
            let before = (ledger.bytes, ledger.inodes)
            ledger.finishCheck()
            return (before, (ledger.bytes, ledger.inodes))
        }
        if resting, abs(after.0 - before.0) >= 1 << 20 || after.1 != before.1 {
            Report.say(
                "\(label): \(after.0) bytes in \(after.1) inodes were found, where \(before.0) in \(before.1) had been counted; "
                    + "the quota goes by what was found")
        }
    }

    private func visit(_ name: borrowing PathBytes, in directory: borrowing Descriptor, inode: UInt64) -> FileStatus? {
        for attempt in 0..<64 {
            let version = withLedger { $0.versions[Int(inode & 255)] }
            guard let status = try? directory.status(of: name, local: true) else { return nil }
            let isEntered = withLedger { ledger -> Bool in
                // Perhaps it was changed, or removed, after it was measured.
                guard ledger.versions[Int(inode & 255)] == version || attempt == 63 else { return false }
                ledger.visit(status.inode, Self.bytes(status))
                return true
            }
            if isEntered { return status }
        }
        return nil
    }

    /// Lets others go first: four parts of rest to one of work.
    private struct Pace {
        let isResting: Bool
        private var count = 0
        private var started = SystemClock.monotonic

        init(isResting: Bool) { self.isResting = isResting }

        mutating func step() {
            count += 1
            guard isResting, count % 256 == 0 else { return }
            SystemThread.sleep(nanoseconds: (SystemClock.monotonic - started) * 4)
            started = SystemClock.monotonic
        }
    }

    // MARK: The thread

    /// Seconds from one look at the whole zone to the next, and, where somebody was refused, at least.
    private static var interval: Int64 { 600 }
    private static var shortInterval: Int64 { 30 }

    func startThread(checksSoon: Bool) throws(Errno) {
        let first = Self.now() + (checksSoon ? 2 : Self.interval)
        _ = try SystemThread("usage-\(label)") { [self] in
            run(first)
            ended.set()
        }
    }

    /// Ends the thread, and waits for it.
    func stop() {
        isStopping.store(true, ordering: .relaxed)
        bell.set()
        ended.wait()
        // Known exactly, for the next start.
        flush()
        rest()
    }

    private func run(_ first: Int64) {
        while isUncounted {
            do throws(Errno) {
                try lookAtEverything(resting: false)
                hasCounted()
            } catch {
                if isStopping.load(ordering: .relaxed) { return }
                Report.say("\(label): what it holds cannot be counted, and the quota does not hold until it is: \(error)")
                cannotCount()
                if bell.wait(milliseconds: 1000) { return }
            }
        }
        var next = first
        var soonest = first
        while true {
            let waiting = max(min(next - Self.now(), 5), 1)
            if bell.wait(milliseconds: Int32(waiting) * 1000) { return }
            flushOld()
            let started = Self.now()
            guard started >= next || (started >= soonest && wasRefused.load(ordering: .relaxed)) else { continue }
            wasRefused.store(false, ordering: .relaxed)
            do throws(Errno) {
                try lookAtEverything(resting: true)
            } catch {
                if isStopping.load(ordering: .relaxed) { return }
                Report.say("\(label): the count of what it holds cannot be checked: \(error)")
            }
            let took = Self.now() - started
            // Looking takes no more than a hundredth of the time, a twentieth where somebody waits for it.
            next = Self.now() + max(Self.interval, took * 100)
            soonest = Self.now() + max(Self.shortInterval, took * 20)
        }
    }
}
