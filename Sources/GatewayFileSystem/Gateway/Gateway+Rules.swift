internal import FuseSession
internal import LinuxSystem
internal import SystemPackage
internal import ZonePolicy

// Settings that change under a living view: the process that goes on has others than the one that what is kept was made by.
extension Gateway {
    /// Brings into force what is not from the first request on, on a thread that serves nobody; sets `settled` when it is.
    ///
    /// - The kernel forgets what it knows by other patterns than those of now.
    /// - Zones are counted whose quota is new.
    ///
    /// A process that is killed meanwhile leaves the patterns' digests as they were, so that the next one does all of it again.
    static func settle(_ planes: [Plane], _ options: GatewayOptions, _ kept: KeptState, _ settled: EventDescriptor) throws(Errno) {
        let changed = planes.filter { $0.hasOtherRules(than: kept, options) }
        guard !changed.isEmpty || planes.contains(where: { $0.usage?.isUncounted == true }) else {
            settled.set()
            return
        }
        _ = try SystemThread("settling") {
            for plane in changed { plane.files.placeFiles() }
            for plane in changed { plane.files.takeBackNames(plane.session.notifier) }
            for plane in changed { plane.sayWhatStaysOpen() }
            kept.rules = Rules(options)
            for plane in planes { plane.usage?.waitForCount() }
            settled.set()
        }
    }
}

extension Plane {
    /// Whether what is kept of it was made by other patterns.
    func hasOtherRules(than kept: KeptState, _ options: GatewayOptions) -> Bool {
        let (before, now) = (kept.rules, Rules(options))
        return before.hide != now.hide || (files.zone.isWritable && before.protect != now.protect)
    }

    /// The kernel asks nobody before it reads and writes a file that it was given.
    fileprivate func sayWhatStaysOpen() {
        let count = files.opensBeyondRules
        guard count > 0 else { return }
        Report.say(
            "\(label): files that are hidden or protected from now on are open (\(count)): who has them open reads and writes them until "
                + "he closes them, or is ended")
    }
}

/// What patterns are in force, as numbers that others nearly never have.
struct Rules: Hashable {
    let hide: UInt64
    let protect: UInt64

    fileprivate init(hide: UInt64, protect: UInt64) {
        self.hide = hide
        self.protect = protect
    }

    init(_ options: GatewayOptions) {
        self.init(hide: Self.digest(options.hide), protect: Self.digest(options.protect))
    }

    /// FNV-1a; never 0, which stands for patterns that nobody knows.
    private static func digest(_ patterns: [String]) -> UInt64 {
        let text = Set(patterns).sorted().joined(separator: "\0")
        return text.utf8.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 } | 1
    }
}

extension KeptState {
    /// The patterns that what is kept was made by.
    var rules: Rules {
        get { Rules(hide: words[.hideRules], protect: words[.protectRules]) }
        set {
            words[.hideRules] = newValue.hide
            words[.protectRules] = newValue.protect
        }
    }
}
