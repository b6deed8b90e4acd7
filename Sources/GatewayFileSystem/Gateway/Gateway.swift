internal import AuditLog
internal import CLinux
internal import FuseSession
internal import LinuxSystem
internal import SystemPackage
internal import ZonePolicy

/// A view being served: one plane read-only, two zones writable over it, of which the kernel may serve one by itself; beside it the whole system, read-only, where the view shows less.
///
/// The order is the point. The clones of the source are taken before anything is mounted, so the view never shows itself.
/// Privileges go before the first thread starts, so no thread ever had them. `ready` is said when a look through the mount itself
/// was answered. Whatever fails on the way, the view's mount is taken away again, and with it those in it.
struct Gateway: ~Copyable {
    private let preparation: Preparation
    private let planes: [Plane]
    private var watch: MountWatch
    private let trail: AuditTrail?
    private let inlet: AuditInlet?
    private let directRecord: DirectRecord?
    private var isGuarded: Bool
    /// Set when all settings are in force.
    private let settled: EventDescriptor

    /// Mounts what was prepared and starts serving; or goes on with what another process served, where that has left its state in `kept`.
    init(_ preparation: Preparation, _ kept: KeptState) throws(GatewayError) {
        let (options, places) = (preparation.options, preparation.places)
        let isFirst = !kept.isUsed
        do throws(KeptError) { try kept.check() } catch {
            preparation.clear()
            throw .failure(error.description)
        }
        let trail = try Self.trail(options, places, preparation.tally)
        let planes: [Plane]
        do throws(Errno) {
            planes = try Plane.all(of: preparation, trail, kept)
        } catch .wouldBlock {
            throw .configuration(
                "--usage: another process counts the zones in \(preparation.counts ?? ""); a zone with a quota is in one view at a time"
            )
        } catch {
            throw .failure("opening the planes failed: \(error)")
        }
        let settled = try Preparation.step("making an event") { () throws(Errno) in try EventDescriptor() }
        // All that could be wrong with it has been found by now.
        preparation.takeover?.standBy()
        var watch = try Preparation.step("reading /proc/self/mountinfo") { () throws(Errno) in try MountWatch() }
        let inlet = try Self.inlet(preparation.socket.take(), trail, preparation.connected)
        let directRecord: DirectRecord?
        do throws(Errno) {
            try preparation.feed?.startReading()
            try preparation.coherence?.start(following: kept.server)
            kept.server = getpid()
            directRecord =
                if let directWatch = preparation.directWatch, let trail { try DirectRecord(directWatch, trail) } else { nil }
        } catch {
            inlet?.stop()
            trail?.stop()
            throw .failure("what is done in the sandbox cannot be watched: \(error)")
        }
        do throws(Errno) {
            if isFirst {
                try Self.mount(planes, preparation, &watch, kept)
                try Self.mount(preparation.direct.take(), over: preparation.mountpoint, &watch)
                kept.rules = Rules(options)
            } else {
                // The planes know how the one before ended; what is kept of it from here on is of this process.
                kept.endedByFault = false
                try Self.resume(planes, preparation, &watch, kept)
            }
            try ServingFilter.install()
            try Self.settle(planes, options, kept, settled)
        } catch {
            preparation.clear()
            directRecord?.stop()
            inlet?.stop()
            trail?.stop()
            throw .failure("the view cannot be mounted at \(places.mountpoint): \(error)")
        }
        self.preparation = preparation
        self.settled = settled
        self.planes = planes
        self.watch = watch
        self.trail = trail
        self.inlet = inlet
        self.directRecord = directRecord
        isGuarded = preparation.guardDescriptor != -1
    }

    /// The record of what the agent changes and is refused, where one is asked for: no view without it then.
    static func trail(_ options: GatewayOptions, _ places: Places, _ tally: AuditTally) throws(GatewayError) -> AuditTrail? {
        guard let path = options.audit else { return nil }
        guard let real = canonicalPath(path) else { throw .configuration("--audit: \(path) cannot be used: \(Errno.current)") }
        for zone in [places.codeRepo, places.sandbox] where real == zone || real.hasPrefix(zone + "/") {
            throw .configuration("--audit: \(path) lies in the zone \(zone), which the agent writes")
        }
        do throws(AuditError) {
            return try AuditTrail(directory: real, tally: tally) { Report.say($0) }
        } catch {
            // Only what is to be changed names the option.
            throw error.isOfTheMachine
                ? .failure("the audit record cannot be kept: \(error)") : .configuration("--audit: \(error)")
        }
    }

    private static func inlet(
        _ socket: consuming AuditInlet.Socket?, _ trail: AuditTrail?, _ connected: SharedNumbers
    ) throws(GatewayError) -> AuditInlet? {
        guard let socket, let trail else { return nil }
        do throws(AuditError) {
            return try AuditInlet(socket, trail: trail, connected: connected)
        } catch {
            throw .failure("\(error)")
        }
    }

    /// Waits until all settings are in force: what another process served by others is served meanwhile.
    func settle() { settled.wait() }

    /// Serves until the view is unmounted, by somebody or by a signal.
    /// - Parameter whenStopping: called when the end has begun, while the view is still there.
    mutating func run(whenStopping: () -> Void = {}) {
        while true {
            var entries = [
                pollfd(fd: preparation.signals.rawDescriptor, events: Int16(POLLIN), revents: 0),
                pollfd(fd: watch.rawDescriptor, events: Int16(POLLPRI), revents: 0),
                pollfd(fd: planes[0].session.endDescriptor, events: Int16(POLLIN), revents: 0),
            ]
            if isGuarded {
                entries.append(pollfd(fd: preparation.guardDescriptor, events: Int16(POLLIN), revents: 0))
            }
            _ = unsafe poll(&entries, nfds_t(entries.count), -1)
            if entries.count > 3, entries[3].revents != 0 {
                isGuarded = false
                stopNamesAhead()
                Report.say(
                    "the process that guards the kernel's connections is gone: killed, this daemon may leave processes that hang")
            }
            if entries[2].revents != 0 {
                whenStopping()
                return stop("the view was unmounted")
            }
            if entries[1].revents != 0 { reportLostMounts() }
            while let signal = preparation.signals.next() {
                switch signal.number {
                case SIGUSR1: report()
                case SIGTERM, SIGINT, SIGHUP:
                    whenStopping()
                    return stop(nil)
                default: break
                }
            }
        }
    }

    private mutating func reportLostMounts() {
        let gone = watch.gone()
        // All at once: the view is being unmounted, and ends.
        guard !gone.contains(where: { $0.label == "view" }) else {
            // Or it would not end.
            stopNamesAhead()
            return
        }
        for lost in gone {
            guard lost.label != "surroundings" else {
                Report.say(
                    "the mount of the surroundings at \(lost.path) is gone; 'pinfold run' starts nothing until the view is mounted anew"
                )
                continue
            }
            guard lost.label != "live" else {
                Report.say(
                    "the live directory at \(lost.path) was replaced or unmounted: what is not reported of its files is seen late there "
                        + "until the view is mounted anew")
                continue
            }
            // What is left is the view's own directory, which is read-only: nothing became writable by this.
            Report.say("the mount of \(lost.label) at \(lost.path) is gone; it is read-only there until the view is mounted anew")
        }
    }

    /// Lets go of the mounts that this process has itself.
    private func stopNamesAhead() {
        for plane in planes { plane.namesAhead?.stop() }
    }

    /// Two lines a plane: how many requests of each kind it has served, and how it is asked.
    private func report() {
        var text = ""
        for plane in planes {
            let counts = plane.session.counters.served.map { "\($0.name)=\($0.count)" }.joined(separator: " ")
            let workers = plane.session.ringWorkers.withLock { $0 }
            let way = workers > 0 ? "through rings, by \(workers) workers" : "through the device"
            text += "pinfold-mount: requests \(plane.label): \(counts)\npinfold-mount: \(plane.label) is asked \(way)\n"
        }
        Report.write(text)
    }

    /// Detaches the view with all that is mounted in it, and gives those who still use it a moment.
    private func stop(_ reason: String?) {
        defer {
            directRecord?.stop()
            preparation.feed?.stopReading()
            inlet?.stop()
            trail?.stop()
        }
        stopNamesAhead()
        preparation.clear()
        for plane in planes {
            var entry = pollfd(fd: plane.session.endDescriptor, events: Int16(POLLIN), revents: 0)
            if unsafe poll(&entry, 1, 2000) != 1 {
                Report.say("\(plane.label) is still in use by running processes; their open files answer ENOTCONN from now on")
                return
            }
        }
        // Nothing changes any more.
        for plane in planes { plane.usage?.stop() }
    }
}
