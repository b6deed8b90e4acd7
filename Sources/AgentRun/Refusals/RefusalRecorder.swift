internal import AuditLog
internal import CLinux
internal import Fence
internal import LinuxSystem
internal import SystemPackage

/// Sees each modifying call of a confined command before the kernel makes it, lets it go on at once, and records those that a read-only
/// mount refuses. It decides nothing: the kernel does, whatever happens here.
///
/// Two threads receive: they read what the call asks for, which waits for nobody else's file system, let it go on, and put it into a bounded
/// queue. A third looks it up and tells the gateway; it alone may be held up. When this process dies the listener closes, and each such call
/// fails with ENOSYS until the fence has ended.
final class RefusalRecorder: CallSupervisor {
    private struct State {
        /// Whether the listener is here, or the judge.
        var isHalfReady = false
        var queue: [CapturedCall] = []
        /// Calls that were received, and those of them that nothing is left to be done about.
        var received: UInt64 = 0
        var settled: UInt64 = 0
        var dropped: UInt64 = 0
        /// Whether the gateway has not been told yet how many were dropped.
        var owes = false
        /// Whether the judge stands still: nobody waits for it then.
        var isStuck = false
    }

    private let state = Lock(State())
    private let bell: EventDescriptor
    private let outlet: AuditOutlet
    private let user: FenceUser

    /// Each may hold two descriptors, and two paths; as many are with the judge.
    private static let queueLength = 128
    private static let receivers = 2
    /// How long a receiver waits for room, after its call has gone on.
    private static let patience = 20

    var filter: FilterProgram { ModifyingCallFilter.program }

    init(user: FenceUser, outlet: AuditOutlet) throws(Errno) {
        self.user = user
        self.outlet = outlet
        bell = try EventDescriptor()
    }

    /// Starts the threads. The first waits until the fence says over `channel` that its mounts are made, and sends its listener when it has tested
    /// itself; when all is ready, the fence is answered.
    ///
    /// - Parameter process: the first one behind the fence.
    func start(process: Int32, channel: SharedDescriptor) {
        start("refusals", channel) { [self] in
            let raw = channel.descriptor.rawValue
            var begun: UInt8 = 0
            // None comes where the fence was not built: its own message says why.
            guard (try? check({ unsafe read(raw, &begun, 1) })) == 1 else { return }
            // On another processor while the fence tests itself.
            start("refusals-judge", channel) { [self] in judge(process, channel) }
            guard let number = try? check({ pinfold_receive_descriptor(raw) }) else { return }
            let listener = SharedDescriptor(Descriptor(owning: number))
            // Whoever waits is woken on the processor that the other one leaves (Linux 6.6): where that does not exist it is only slower.
            _ = pinfold_seccomp_set_flags(number, 1)
            for _ in 1..<Self.receivers { start("refusals", channel) { [self] in receive(listener) } }
            isReady(channel)
            receive(listener)
        }
    }

    /// Called when the listener is here and when the judge is: whichever comes last answers the fence.
    private func isReady(_ channel: SharedDescriptor) {
        let isLast = state.withLock { state in
            defer { state.isHalfReady = true }
            return state.isHalfReady
        }
        guard isLast else { return }
        var ready: UInt8 = 1
        let raw = channel.descriptor.rawValue
        do throws(Errno) {
            _ = try check { unsafe send(raw, &ready, 1, Int32(MSG_NOSIGNAL)) }
        } catch {
            refuse(channel, "the fence cannot be told that it is: \(error)")
        }
    }

    private func start(_ name: String, _ channel: SharedDescriptor, _ body: @escaping @Sendable () -> Void) {
        do throws(Errno) {
            _ = try SystemThread(name, body)
        } catch {
            refuse(channel, "no thread could be started: \(error)")
        }
    }

    /// Waits until what was received is told, for `milliseconds` at most: when the command has ended, nothing more comes.
    func finish(withinMilliseconds milliseconds: Int) {
        for _ in 0..<milliseconds {
            if state.withLock({ $0.received == $0.settled && $0.dropped == 0 && !$0.owes }) { return }
            SystemThread.sleep(milliseconds: 1)
        }
    }

    // MARK: Receiving

    private func receive(_ listener: SharedDescriptor) {
        let raw = listener.descriptor.rawValue
        while true {
            var call = seccomp_notif()
            do throws(Errno) {
                _ = try check { unsafe pinfold_seccomp_receive(raw, &call) }
            } catch {
                // ENOENT: its thread was killed meanwhile. Anything else: nobody is left to make a call.
                var entry = pollfd(fd: raw, events: 0, revents: 0)
                if error == .noSuchFileOrDirectory, unsafe poll(&entry, 1, 0) == 0 { continue }
                return
            }
            state.withLock { $0.received += 1 }
            var captured: CapturedCall?
            var isUnreadable = false
            do throws(CapturedCall.Unreadable) {
                captured = try CapturedCall(call, ThreadMemory(of: Int32(bitPattern: call.pid)))
            } catch {
                isUnreadable = true
            }
            // Answered no, what was read may be another thread's of the same number.
            if pinfold_seccomp_is_valid(raw, call.id) != 0 { (captured, isUnreadable) = (nil, false) }
            // Queued first, so that what one thread does comes in its order; all that takes time is done when the call has gone on.
            let position = captured.map { queue($0) }
            _ = pinfold_seccomp_continue(raw, call.id)
            switch position {
            case .alone: bell.set()
            case .behindOthers: break
            case .noRoom: if let captured { queueLate(captured) }
            case nil: settle(dropping: isUnreadable)
            }
        }
    }

    /// Nothing is left to be done about a call but to count it, where what it asked for could not be read.
    private func settle(dropping isUnreadable: Bool) {
        state.withLock { state in
            state.settled += 1
            if isUnreadable { state.dropped += 1 }
        }
        if isUnreadable { bell.set() }
    }

    private enum QueuePosition {
        case alone
        case behindOthers
        case noRoom
    }

    private func queue(_ captured: CapturedCall) -> QueuePosition {
        state.withLock { state in
            guard state.queue.count < Self.queueLength else { return .noRoom }
            state.queue.append(captured)
            return state.queue.count == 1 ? .alone : .behindOthers
        }
    }

    /// Waits for room a while, and so slows down who floods; counts what finds none.
    private func queueLate(_ captured: CapturedCall) {
        for _ in 0..<Self.patience {
            if state.withLock({ $0.isStuck }) { break }
            SystemThread.sleep(milliseconds: 1)
            switch queue(captured) {
            case .alone: return bell.set()
            case .behindOthers: return
            case .noRoom: continue
            }
        }
        state.withLock { state in
            state.settled += 1
            state.dropped += 1
            state.isStuck = true
        }
    }

    // MARK: Judging

    private func judge(_ process: Int32, _ channel: SharedDescriptor) {
        do throws(Errno) {
            let paths = try AgentPaths(of: process, user: user)
            isReady(channel)
            judge(with: RefusalJudge(paths, user: user.uid))
        } catch {
            refuse(channel, "the agent's root directory cannot be entered: \(error)")
        }
    }

    private func judge(with judge: consuming RefusalJudge) -> Never {
        while true {
            bell.wait(milliseconds: outlet.owes ? 100 : -1)
            bell.clear()
            let (calls, dropped) = state.withLock { state in
                let taken = (state.queue, state.dropped)
                state.queue = []
                state.dropped = 0
                state.isStuck = false
                state.owes = state.owes || taken.1 > 0
                return taken
            }
            outlet.drop(dropped)
            for call in calls {
                if let event = judge.judge(call) { outlet.tell(event) }
                let owes = outlet.owes
                state.withLock { state in
                    state.settled += 1
                    state.isStuck = false
                    state.owes = owes
                }
            }
            outlet.settle()
            let owes = outlet.owes
            state.withLock { $0.owes = owes }
        }
    }

    /// Says why, and lets the fence end before the command starts.
    private func refuse(_ channel: SharedDescriptor, _ reason: String) {
        writeError("pinfold: the record of refusals cannot be kept: \(reason)\n")
        shutdown(channel.descriptor.rawValue, Int32(SHUT_RDWR))
    }
}
