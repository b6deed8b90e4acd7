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
package struct Gateway: ~Copyable {
    private let mountpoint: Mountpoint
    private let planes: [Plane]
    private let signals: Signals
    private var watch: MountWatch
    private let trail: AuditTrail?
    private let inlet: AuditInlet?
    private let directRecord: DirectRecord?
    private var connectionGuard: ConnectionGuard?

    /// Mounts and starts serving.
    package init(_ options: GatewayOptions) throws(GatewayError) {
        let layout = try Layout(options)
        let policy = try Self.policy(layout.source.path, layout, options)
        let surroundings = layout.surroundings == nil ? nil : try Self.policy("/", layout, options)
        let mountpoint = try Mountpoint(layout.mountpoint, surroundings: layout.surroundings)
        let signals = try Self.step("blocking signals") { () throws(Errno) in
            try Signals([SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGPIPE])
        }
        let socket = try Self.inletSocket(options, mountpoint.path)
        let direct = try Self.direct(options, layout, policy)
        let descriptors = Narrowing.descriptorLimit(options.descriptors)
        try Self.step("giving up privileges") { () throws(Errno) in try Narrowing.apply() }
        let connectionGuard = Self.connectionGuard()
        let trail = try Self.trail(options, layout)
        let counts = try Self.counts(options, layout)
        let coherence = Self.coherence(options)
        let planes: [Plane]
        do throws(Errno) {
            planes = try Plane.all(
                of: layout, policy, surroundings: surroundings, options, coherence, trail, counts, descriptors: descriptors)
        } catch .wouldBlock {
            throw .configuration(
                "--usage: another process counts the zones in \(counts ?? ""); a zone with a quota is in one view at a time")
        } catch {
            throw .failure("opening the planes failed: \(error)")
        }
        var watch = try Self.step("reading /proc/self/mountinfo") { () throws(Errno) in try MountWatch() }
        let inlet = try Self.inlet(socket, trail)
        let directRecord: DirectRecord?
        do throws(Errno) {
            try coherence?.start()
            directRecord = if options.sandboxIsDirect, let trail { try DirectRecord(of: layout.sandbox, trail) } else { nil }
        } catch {
            inlet?.stop()
            trail?.stop()
            throw .failure("what is done in the sandbox cannot be watched: \(error)")
        }
        do throws(Errno) {
            try Self.mount(planes, over: mountpoint, &watch, connectionGuard)
            try Self.mount(direct, over: mountpoint, &watch)
            try ServingFilter.install()
        } catch {
            mountpoint.clear()
            directRecord?.stop()
            inlet?.stop()
            trail?.stop()
            throw .failure("the view cannot be mounted at \(mountpoint.path): \(error)")
        }
        self.mountpoint = mountpoint
        self.planes = planes
        self.signals = signals
        self.watch = watch
        self.trail = trail
        self.inlet = inlet
        self.directRecord = directRecord
        self.connectionGuard = connectionGuard
    }

    /// What ends the connections when this daemon is killed; nil, and said, where it cannot be had: then whoever is in the view at that moment may hang.
    private static func connectionGuard() -> ConnectionGuard? {
        do throws(Errno) {
            return try ConnectionGuard.start()
        } catch {
            Report.say("no guard for the kernel's connections (\(error)): killed, this daemon may leave processes that hang")
            return nil
        }
    }

    /// The record of what the agent changes and is refused, where one is asked for: no view without it then.
    private static func trail(_ options: GatewayOptions, _ layout: borrowing Layout) throws(GatewayError) -> AuditTrail? {
        guard let path = options.audit else { return nil }
        guard let real = canonicalPath(path) else { throw .configuration("--audit: \(path) cannot be used: \(Errno.current)") }
        for zone in [layout.codeRepo.path, layout.sandbox.path] where real == zone || real.hasPrefix(zone + "/") {
            throw .configuration("--audit: \(path) lies in the zone \(zone), which the agent writes")
        }
        do throws(AuditError) {
            return try AuditTrail(directory: real) { Report.say($0) }
        } catch {
            throw .configuration("--audit: \(error)")
        }
    }

    /// Where what the zones hold is counted, where that outlives this process.
    private static func counts(_ options: GatewayOptions, _ layout: borrowing Layout) throws(GatewayError) -> String? {
        guard let path = options.usage else { return nil }
        guard let real = canonicalPath(path) else { throw .configuration("--usage: \(path) cannot be used: \(Errno.current)") }
        for zone in [layout.codeRepo.path, layout.sandbox.path] where real == zone || real.hasPrefix(zone + "/") {
            throw .configuration("--usage: \(path) lies in the zone \(zone), which the agent writes")
        }
        let status = try Self.step("looking at \(real)") { () throws(Errno) in
            try Descriptor.open(real, [.path, .directory, .noFollow]).status()
        }
        guard status.owner == geteuid(), status.mode & 0o077 == 0 else {
            throw .configuration("--usage: \(real) has to be root's alone: owner \(geteuid()), mode 700")
        }
        return real
    }

    /// Where `pinfold run` says what the kernel refused in the view. Who has the mountpoint's lock removes what a dead daemon left, also where no
    /// record is kept: nothing listens there then.
    private static func inletSocket(_ options: GatewayOptions, _ mountpoint: String) throws(GatewayError) -> AuditInlet.Socket? {
        let path = MountRuntime(mountpoint: mountpoint).audit
        guard options.audit != nil else {
            unsafe unlink(path)
            return nil
        }
        do throws(AuditError) {
            return try AuditInlet.Socket(path: path)
        } catch {
            throw .failure("\(error)")
        }
    }

    private static func inlet(_ socket: consuming AuditInlet.Socket?, _ trail: AuditTrail?) throws(GatewayError) -> AuditInlet? {
        guard let socket, let trail else { return nil }
        do throws(AuditError) {
            return try AuditInlet(socket, trail: trail)
        } catch {
            throw .failure("\(error)")
        }
    }

    /// What reports changes below the planes; nil where the kernel cannot, or where it was asked to be left off: then answers hold
    /// for a second.
    private static func coherence(_ options: GatewayOptions) -> Coherence? {
        guard !options.without.contains(.longLifetimes) else { return nil }
        do throws(Errno) {
            return try Coherence(hasLimit: options.without.contains(.unlimitedQueue)) {
                Report.say(
                    "reports of changes were lost: all that the kernel knew of the view was taken back, and with it the zones' mounts"
                )
            }
        } catch {
            Report.say("changes below the view cannot be watched (\(error)): names and attributes are kept for one second")
            return nil
        }
    }

    /// The rules of what is shown of `source`: the view's own, or `/` for what is around it.
    private static func policy(
        _ source: String, _ layout: borrowing Layout, _ options: GatewayOptions
    ) throws(GatewayError) -> AccessPolicy {
        do throws(PolicyError) {
            return try AccessPolicy(
                source: source, codeRepo: layout.codeRepo.path, sandbox: layout.sandbox.path, hide: options.hide,
                protect: options.protect)
        } catch {
            throw .configuration(error.description)
        }
    }

    /// A step that the machine may refuse.
    private static func step<Result: ~Copyable>(
        _ what: String, _ body: () throws(Errno) -> Result
    ) throws(GatewayError) -> Result {
        do throws(Errno) { return try body() } catch { throw .failure("\(what) failed: \(error)") }
    }

    /// The view over the mountpoint, then each zone over its own directory in the view.
    private static func mount(
        _ planes: [Plane], over mountpoint: borrowing Mountpoint, _ watch: inout MountWatch,
        _ connectionGuard: borrowing ConnectionGuard?
    ) throws(Errno) {
        var hasGuard = false
        for plane in planes {
            let mount = try plane.session.mount(scratch: mountpoint.directory)
            let status = try mount.root.status()
            let (device, number) = (status.fileSystem, status.mount)
            switch connectionGuard {
            case .some(let connectionGuard):
                try connectionGuard.add(device)
                hasGuard = true
            case .none: break
            }
            let directory = try Self.directory(of: plane, mountpoint)
            try mount.attach(to: directory.descriptor)
            watch.add(plane.label, at: directory.path, mount: number)
        }
        if hasGuard {
            for plane in planes {
                guard let namesAhead = plane.namesAhead else { continue }
                let mount = try DetachedMount.clone(of: Self.root(of: plane, mountpoint), recursive: false, .readOnly)
                namesAhead.start(at: SharedDescriptor(try mount.root.duplicate()), plane.session.notifier)
            }
        }
        // The look that proves it: through each mount, by way of the kernel and a worker.
        for plane in planes { _ = try Self.root(of: plane, mountpoint).status() }
    }

    /// The directory that a plane is mounted on, as long as it is not.
    private static func directory(
        of plane: Plane, _ mountpoint: borrowing Mountpoint
    ) throws(Errno) -> Layout.Directory {
        switch plane.attachment {
        case .mountpoint: Layout.Directory(path: mountpoint.path, descriptor: try mountpoint.directory.duplicate())
        case .inView, .apart:
            Layout.Directory(path: Self.path(of: plane, mountpoint), descriptor: try Self.root(of: plane, mountpoint))
        }
    }

    /// The zone that the kernel serves by itself, where there is one, over its own directory in the view.
    private static func mount(
        _ direct: consuming DirectZone?, over mountpoint: borrowing Mountpoint, _ watch: inout MountWatch
    ) throws(Errno) {
        guard let direct else { return }
        let flags: OpenFlags = [.path, .directory, .noFollow]
        let directory = try Descriptor.open(mountpoint.path, flags).open(direct.place, flags)
        let (place, number) = (direct.place, try direct.mount.root.status().mount)
        try direct.attach(to: directory)
        watch.add(Zone.sandbox.label, at: "\(mountpoint.path)/\(place)", mount: number)
    }

    /// The sandbox as a mount of the kernel's own, where that was asked for.
    private static func direct(
        _ options: GatewayOptions, _ layout: borrowing Layout, _ policy: AccessPolicy
    ) throws(GatewayError) -> DirectZone? {
        guard options.sandboxIsDirect else { return nil }
        guard options.sandboxQuota == nil else {
            throw .configuration("--sandbox-access: a direct sandbox has no --sandbox-quota, which only this daemon counts")
        }
        if let pattern = policy.patternReaching(into: .sandbox) {
            throw .configuration("--sandbox-access: '\(pattern)' reaches into the sandbox, and a direct one knows no names")
        }
        let agent = (options.agentUser, options.agentGroup)
        if let obstacle = DirectMount.obstacle(at: layout.sandbox.path, of: agent.0, agent.1) {
            throw .configuration("--sandbox-access: \(layout.sandbox.path) \(obstacle)")
        }
        return try step("mounting the sandbox") { () throws(Errno) in
            DirectZone(
                place: layout.relativePath(of: layout.sandbox),
                mount: try DirectMount.make(of: layout.sandbox.descriptor, OwnerMapping(only: agent.0, agent.1)))
        }
    }

    private static func path(of plane: Plane, _ mountpoint: borrowing Mountpoint) -> String {
        switch plane.attachment {
        case .mountpoint: mountpoint.path
        case .inView(let path): "\(mountpoint.path)/\(path)"
        case .apart(let path): path
        }
    }

    /// What is met now where the plane is mounted.
    private static func root(of plane: Plane, _ mountpoint: borrowing Mountpoint) throws(Errno) -> Descriptor {
        let flags: OpenFlags = [.path, .directory, .noFollow]
        guard case .inView(let path) = plane.attachment else { return try Descriptor.open(Self.path(of: plane, mountpoint), flags) }
        return try Descriptor.open(mountpoint.path, flags).open(path, flags)
    }

    /// Serves until the view is unmounted, by somebody or by a signal.
    /// - Parameter whenStopping: called when the end has begun, while the view is still there.
    package mutating func run(whenStopping: () -> Void = {}) {
        while true {
            var entries = [
                pollfd(fd: signals.rawDescriptor, events: Int16(POLLIN), revents: 0),
                pollfd(fd: watch.rawDescriptor, events: Int16(POLLPRI), revents: 0),
                pollfd(fd: planes[0].session.endDescriptor, events: Int16(POLLIN), revents: 0),
            ]
            if let connectionGuard = connectionGuard?.rawDescriptor {
                entries.append(pollfd(fd: connectionGuard, events: Int16(POLLIN), revents: 0))
            }
            _ = unsafe poll(&entries, nfds_t(entries.count), -1)
            if entries.count > 3, entries[3].revents != 0 {
                connectionGuard = nil
                stopNamesAhead()
                Report.say(
                    "the process that guards the kernel's connections is gone: killed, this daemon may leave processes that hang")
            }
            if entries[2].revents != 0 {
                whenStopping()
                return stop("the view was unmounted")
            }
            if entries[1].revents != 0 { reportLostMounts() }
            while let signal = signals.next() {
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
            inlet?.stop()
            trail?.stop()
        }
        stopNamesAhead()
        mountpoint.clear()
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
