internal import AuditLog
internal import CLinux
internal import FuseSession
internal import LinuxSystem
internal import SystemPackage
internal import ZonePolicy

// How each of the parts is made.
extension Preparation {
    static func blockSignals() throws(GatewayError) -> Signals {
        try step("blocking signals") { () throws(Errno) in
            try Signals([SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGPIPE, SIGCHLD, SIGIO])
        }
    }

    /// Where a keeper is asked for the view. Who has the mountpoint's lock removes what a dead daemon left.
    static func entrance(_ mountpoint: String, isKept: Bool) throws(GatewayError) -> Entrance? {
        let path = MountRuntime(mountpoint: mountpoint).entrance
        guard isKept else {
            Entrance.remove(path)
            return nil
        }
        return try step("making the socket \(path)") { () throws(Errno) in try Entrance(path) }
    }

    /// What ends the connections when this daemon is killed; nil, and said, where it cannot be had: then whoever is in the view at that moment may hang.
    static func connectionGuard(isKept: Bool, isArmed: Bool = true) -> ConnectionGuard? {
        do throws(Errno) {
            return try ConnectionGuard.start(byThread: !isKept, isArmed: isArmed)
        } catch {
            Report.say("no guard for the kernel's connections (\(error)): killed, this daemon may leave processes that hang")
            return nil
        }
    }

    static func descriptor(of connectionGuard: borrowing ConnectionGuard?) -> Int32 {
        switch connectionGuard {
        case .some(let connectionGuard): connectionGuard.rawDescriptor
        case .none: -1
        }
    }

    /// Where what the zones hold is counted, where that outlives this process.
    static func counts(_ options: GatewayOptions, _ places: Places) throws(GatewayError) -> String? {
        guard let path = options.usage else { return nil }
        guard let real = canonicalPath(path) else { throw .configuration("--usage: \(path) cannot be used: \(Errno.current)") }
        for zone in [places.codeRepo, places.sandbox] where real == zone || real.hasPrefix(zone + "/") {
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
    static func inletSocket(_ options: GatewayOptions, _ mountpoint: String) throws(GatewayError) -> AuditInlet.Socket? {
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

    @Sendable static func sayOverflow() {
        Report.say(
            "reports of changes were lost: all that the kernel knew of the view was taken back, and with it the zones' mounts")
    }

    /// What reports changes: that which others use already, where there is one. Nil where nothing of this view asks for it, or where the kernel reports none.
    static func feed(
        _ options: GatewayOptions, _ mountpoint: String, isKept: Bool
    ) throws(GatewayError) -> (feed: ChangeFeed, seats: FeedSeats, door: FeedDoor?)? {
        var wanted = FeedSeats.Wanted(coherence: !options.without.contains(.longLifetimes), doings: options.recordsDirectly)
        if wanted.coherence, KernelVersion.running < KernelVersion(6, 16) {
            // It cannot take back all names at once.
            sayUnwatched(.notSupported)
            wanted.coherence = false
        }
        guard wanted.coherence || wanted.doings else { return nil }
        do throws(Errno) {
            // A queue with a limit is nobody else's to lose reports from.
            if options.without.contains(.unlimitedQueue) {
                let feed = try ChangeFeed(hasLimit: true)
                return (feed, try FeedSeats(feed, wanted), nil)
            }
            return try FeedDoor.enter(isKept ? MountRuntime(mountpoint: mountpoint).feed : nil, wanted)
        } catch {
            if wanted.doings { throw .failure("watching what is done in the sandbox failed: \(error)") }
            sayUnwatched(error)
            return nil
        }
    }

    private static func sayUnwatched(_ error: Errno) {
        Report.say("changes below the view cannot be watched (\(error)): names and attributes are kept for one second")
    }

    /// What takes back what changes below the planes; nil where nobody reports that: then answers hold for a second.
    static func coherence(_ feed: ChangeFeed?, _ seat: Subscription?) throws(GatewayError) -> Coherence? {
        guard let feed, let seat else { return nil }
        do throws(Errno) {
            return try Coherence(feed, seat, overflowed: sayOverflow)
        } catch {
            throw .failure("changes below the view cannot be watched: \(error)")
        }
    }

    /// The rules of what is shown of `source`: the view's own, or `/` for what is around it.
    static func policy(
        _ source: String, _ places: Places, _ options: GatewayOptions
    ) throws(GatewayError) -> AccessPolicy {
        do throws(PolicyError) {
            return try AccessPolicy(
                source: source, codeRepo: places.codeRepo, sandbox: places.sandbox, hide: options.hide,
                protect: options.protect)
        } catch {
            throw .configuration(error.description)
        }
    }

    /// The sandbox as a mount of the kernel's own, where that was asked for.
    static func direct(
        _ options: GatewayOptions, _ layout: borrowing Layout, _ policy: AccessPolicy
    ) throws(GatewayError) -> DirectZone? {
        guard options.sandboxIsDirect else { return nil }
        if let pattern = policy.patternReaching(into: .sandbox) {
            throw .configuration("--sandbox-access: '\(pattern)' reaches into the sandbox, and a direct one knows no names")
        }
        let agent = (options.agentUser, options.agentGroup)
        if let obstacle = DirectMount.obstacle(at: layout.sandbox.path, of: agent.0, agent.1) {
            throw .configuration("--sandbox-access: \(layout.sandbox.path) \(obstacle)")
        }
        if let quota = options.sandboxQuota,
            let obstacle = ProjectQuota.obstacle(at: layout.sandbox.descriptor, .init(bytes: quota.bytes, inodes: quota.inodes))
        {
            throw .configuration(
                "--sandbox-quota: \(layout.sandbox.path) \(obstacle), and nobody else counts in a direct sandbox")
        }
        return try step("mounting the sandbox") { () throws(Errno) in
            DirectZone(
                place: layout.relativePath(of: layout.sandbox),
                mount: try DirectMount.make(of: layout.sandbox.descriptor, OwnerMapping(only: agent.0, agent.1)))
        }
    }
}
