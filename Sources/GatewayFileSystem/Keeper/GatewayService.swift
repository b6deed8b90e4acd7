internal import CLinux
package import LinuxSystem
internal import SystemPackage

/// A gateway from its start to its end, by one process or, where the kernel allows that, by processes that follow one another.
package enum GatewayService {
    /// What a gateway is started with.
    package struct Start {
        var options: GatewayOptions
        let words: [String]
        var ready: Ready
        let manager: ServiceManager
        /// Where the settings wait that are to be kept as those that the view is served with.
        let settings: String?

        /// - Parameters:
        ///   - words: the command line that says the options.
        ///   - ready: where whoever started this process waits for it to serve.
        package init(
            _ options: GatewayOptions, words: [String], _ ready: Ready, _ manager: ServiceManager, settings: String? = nil
        ) {
            (self.options, self.words, self.ready, self.manager) = (options, words, ready, manager)
            self.settings = settings
        }

        /// The view answers. Its settings are in their place before anybody hears of that, and never where it has not come so far: with no daemon beside
        /// it, their file says that a view has died.
        func sayServed(_ manager: ServiceManager) {
            if let settings {
                let place = MountRuntime(mountpoint: options.mountpoint).settings
                if unsafe renameat(pinfold_AT_FDCWD, settings, pinfold_AT_FDCWD, place) != 0 {
                    Report.say("\(settings) cannot be renamed to \(place): \(Errno.current); the view is served all the same")
                }
            }
            ready.say("ready\n")
            manager.say(.ready)
        }
    }

    /// Serves the view until it is unmounted, by somebody or by a signal.
    /// - Returns: in the process that was started, the code to end with; a server of another process ends itself.
    package static func run(_ start: Start) throws(GatewayError) -> Int32 {
        let (options, ready, manager) = (start.options, start.ready, start.manager)
        let stopping = { manager.say(.stopping) }
        let survives = options.survives
        if !survives, !options.without.contains(.survival) {
            Report.say("this kernel lets no process go on with the view (Linux 6.9): killed, this daemon ends it")
        }
        let preparation = try Preparation(start, isKept: survives)
        // Until the process ends: what is closed in one would be closed in all.
        _ = unsafe Unmanaged.passRetained(preparation)
        defer { preparation.end() }
        let kept = try Preparation.step("making memory") { () throws(Errno) in try KeptState() }
        guard survives else {
            var gateway = try Gateway(preparation, kept)
            start.sayServed(manager)
            gateway.run(whenStopping: stopping)
            return 0
        }
        do throws(Errno) {
            let bell = try EventDescriptor()
            var keeper = try Keeper(preparation, kept, bell, ready) { serve(preparation, kept, bell, ready, $0, follows: $1) }
            return keeper.watch(whenServed: { start.sayServed(manager) }, whenStopping: stopping)
        } catch {
            preparation.clear()
            throw .failure("no process to serve the view can be started: \(error)")
        }
    }

    /// Takes over the view that another program serves, which lives on, and serves it until it is unmounted.
    /// - Parameter parse: reads a command line of `pinfold-mount`.
    /// - Throws: what was in the way; the view is the other's still.
    package static func replace(
        _ start: Start, _ parse: ([String]) throws(GatewayError) -> GatewayOptions
    ) throws(GatewayError) -> Int32 {
        guard start.options.survives else {
            throw .configuration("a view outlives the program that serves it from Linux 6.9 on, and not without 'survival'")
        }
        let mountpoint = try Layout(start.options).mountpoint
        let predecessor = try Predecessor(mountpoint, start.options, start.ready, parse)
        let inheritance = try predecessor.makeRoom()
        var start = start
        (start.ready, start.options.live) = (predecessor.ready, predecessor.live)
        let (ready, begun) = (start.ready, start)
        do throws(GatewayError) {
            let (bell, takeover) = try Preparation.step("making events") { () throws(Errno) in
                let bell = try EventDescriptor()
                return (bell, try Takeover(bell))
            }
            let preparation = try Preparation(start, replacing: inheritance, takeover) { () throws(GatewayError) in
                try predecessor.take(inheritance)
            }
            _ = unsafe Unmanaged.passRetained(preparation)
            let kept = try kept(from: inheritance)
            let manager = preparation.manager
            do throws(Errno) {
                for connection in kept.connections { try preparation.connectionGuard?.add(connection) }
                var keeper = try Keeper(preparation, kept, bell, ready, replacing: predecessor) {
                    serve(preparation, kept, bell, ready, $0, follows: $1)
                }
                defer { preparation.end() }
                return keeper.watch {
                    begun.sayServed(manager)
                } whenStopping: {
                    manager.say(.stopping)
                }
            } catch {
                throw .failure("no process to serve the view can be started: \(error)")
            }
        } catch {
            error.report(on: ready)
            ThisProcess.exit(error.code)
        }
    }

    private static func kept(from inheritance: Inheritance) throws(GatewayError) -> KeptState {
        let memory = try inheritance.take("state")
        do throws(KeptError) { return try KeptState(adopting: memory) } catch { throw .failure(error.description) }
    }

    /// In a process that serves.
    private static func serve(
        _ preparation: Preparation, _ kept: KeptState, _ bell: EventDescriptor, _ ready: Ready, _ life: TwinProcess.Life,
        follows: Bool
    ) -> Never {
        unsafe pinfold_thread_name("pinfold-server")
        let isFirst = !kept.isUsed
        do throws(GatewayError) {
            try Preparation.step("starting a thread") { () throws(Errno) in
                try kept.markFaults()
                try life.begin()
            }
            bell.set()
            var gateway = try Gateway(preparation, kept)
            // Somebody waits for new settings to be in force; one that follows has to serve in time.
            if !follows { gateway.settle() }
            kept.isServing = true
            bell.set()
            gateway.run()
            kept.end(with: 0)
            ThisProcess.exit(0)
        } catch {
            // Whoever waits for the start has been told when there was another one before.
            let isReplacing = !(preparation.takeover?.hasBegun ?? true)
            error.report(on: isFirst || isReplacing ? ready : Ready(nil))
            // What is kept is the view's, which is not this program's yet.
            if !isReplacing { kept.end(with: error.code) }
            ThisProcess.exit(error.code)
        }
    }
}

extension GatewayOptions {
    /// Whether the view outlives the process that serves it: where the kernel can send requests again, and nothing of them is in rings,
    /// out of which none comes twice.
    var survives: Bool {
        !without.contains(.survival) && KernelVersion.running >= KernelVersion(6, 9) && TwinProcess.areToBeHad
    }
}
