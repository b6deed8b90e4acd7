internal import CLinux
internal import LinuxSystem
internal import SystemPackage

// Another program takes the view over (`pinfold mount --replace`), in three steps of which each has a way back:
//
// 1. It asks, and looks at what runs. Whatever is in its way it finds here, and nothing has changed.
// 2. It takes: the server is ended as if it had been killed, and everything that is open goes to it. It makes a server, which stands ready and takes no request.
// 3. It is told that the view is its own; this process ends, and leaves the mounts as they are.
//
// Until then this keeper has all that it had, and kept memory is as its server left it. So whatever goes wrong, it starts a server of its own again.
extension Keeper {
    /// Somebody has connected.
    mutating func meet() {
        guard let socket = try? preparation.entrance?.accept(), let other = try? Successor(socket) else { return }
        if let successor {
            _ = try? other.conversation.hear()
            try? other.conversation.say(.no("process \(successor.pid) is taking the view over just now"))
        } else {
            successor = other
        }
    }

    /// The successor has said something, or is gone.
    /// - Returns: the code to end with; nil to go on.
    mutating func hearSuccessor() -> Int32? {
        let message: HandoverMessage?
        do throws(Errno) {
            guard let heard = try successor?.conversation.hear() else { return takeBack("it has ended") }
            for number in heard.descriptors { close(number) }
            message = heard.message
        } catch {
            if error == .wouldBlock || error == .resourceTemporarilyUnavailable { return nil }
            if error != .protocolError { return takeBack("it has ended") }
            message = nil
        }
        let hasAll = successor?.hasAll == true
        switch message {
        case .ask(let versions) where !hasAll: return answer(versions)
        case .take where !hasAll:
            successor?.wantsAll = true
            return give()
        case .ready where hasAll: return leave()
        case .no(let reason): return takeBack(reason)
        default: return takeBack("it says what nobody understands")
        }
    }

    private mutating func answer(_ versions: [Int]) -> Int32? {
        guard versions.contains(HandoverMessage.version) else { return refuse("this process hands a view on in another way") }
        let view = try? MountTable.read().entry(at: preparation.mountpoint.path)
        guard let view, view.isPinfold else { return refuse("the view is not mounted at \(preparation.mountpoint.path) any more") }
        let running = HandoverMessage.Running(
            mount: view.id, end: (inheritance.map(\.number).max() ?? 2) + 1, words: preparation.words)
        do throws(Errno) {
            try successor?.conversation.say(.running(running), [kept.rawDescriptor, STDERR_FILENO])
            return nil
        } catch {
            return refuse("what runs cannot be told: \(error)")
        }
    }

    private mutating func refuse(_ reason: String) -> Int32? {
        try? successor?.conversation.say(.no(reason))
        successor = nil
        return nil
    }

    /// Ends the server and hands on everything, where that is asked for. One that has just begun is waited for: it calls this when it serves.
    mutating func give() -> Int32? {
        guard let successor, successor.wantsAll else { return nil }
        if isStopping { return refuse("the view is being taken down") }
        guard kept.isServing else { return nil }
        server.signal(SIGKILL)
        if let code = waitForEnd() { return code }
        if server.status() == nil { remains.append(server.pid) }
        kept.endedByFault = false
        sweep()
        kept.isServing = false
        successor.hasAll = true
        successor.deadline = SystemClock.monotonic + Successor.patience + UInt64(kept.openRows) * Self.patienceForOpenFile
        do throws(Errno) {
            try successor.give(inheritance)
            return nil
        } catch {
            return takeBack("it takes nothing in: \(error)")
        }
    }

    /// The successor stands ready. From here on the view is its own.
    private mutating func leave() -> Int32? {
        guard let successor else { return nil }
        do throws(Errno) { try successor.conversation.say(.yours) } catch { return takeBack("it has ended") }
        // With this process the guard would end the connections.
        preparation.connectionGuard?.standDown()
        preparation.manager.say(.replaced(by: successor.pid))
        Report.say("process \(successor.pid) has taken the view over")
        // And leaves what is the view's, its settings' file too.
        ThisProcess.exit(0)
    }

    /// The successor is none, and hears why if it is there. Where it had everything, another server of this program's goes on.
    mutating func takeBack(_ reason: String) -> Int32? {
        guard let successor else { return nil }
        self.successor = nil
        guard successor.hasAll else {
            try? successor.conversation.say(.no(reason))
            return nil
        }
        successor.end(reason)
        // A fault of its server's was over no request.
        kept.endedByFault = false
        Report.say("process \(successor.pid) has not taken the view over: \(reason); this one goes on with it")
        // Nothing is wrong with this program: whoever waits rather waits longer than lose the view.
        deadline = SystemClock.monotonic + Successor.longPatience
        return startServer()
    }

    /// What is handed on. Numbers that nothing is open under would keep all others back.
    private var inheritance: [Inheritance.Entry] {
        var entries = preparation.inheritance + [Inheritance.Entry("state", kept.rawDescriptor)]
        let named = Set(entries.map(\.number))
        var others: Set<Int32> = []
        kept.forEachDescriptor { others.insert($0) }
        kept.forEachOtherDescriptor { others.insert($0) }
        others.formUnion(preparation.connected.all)
        entries += others.subtracting(named).sorted().map { Inheritance.Entry("", $0) }
        return entries.filter { $0.number > 2 && ThisProcess.hasDescriptor($0.number) }
    }
}
