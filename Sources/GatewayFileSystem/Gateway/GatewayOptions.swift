internal import FuseSession
internal import ZonePolicy

/// What a gateway serves and how: everything that its command line says. Paths are absolute.
package struct GatewayOptions: Hashable, Sendable {
    package var source = ""
    package var mountpoint = ""
    package var codeRepo = ""
    package var sandbox = ""
    package var agentUser: UInt32 = 0
    package var agentGroup: UInt32 = 0
    /// Where the whole system is mounted, read-only, around a source that is narrower; nil for nowhere.
    package var surroundings: String?
    /// Directories of the source whose files may change without a report.
    package var live: [String] = []
    package var hide: [String] = []
    package var protect: [String] = []
    package var codeRepoQuota: ZoneQuota?
    package var sandboxQuota: ZoneQuota?
    /// The kernel serves the sandbox by itself.
    package var sandboxIsDirect = false
    /// Whether it is recorded by this daemon what is done where the kernel serves by itself.
    var recordsDirectly: Bool { sandboxIsDirect && audit != nil }
    /// Where what the zones hold is counted, root's alone; nil for a count that ends with this process.
    package var usage: String?
    /// Where what the agent changes and is refused is recorded, root's alone; nil for nowhere.
    package var audit: String?
    package var without: Set<Technique> = []
    /// How many descriptors this process may have; nil for what its hard limit says.
    package var descriptors: Int?

    package init() {}
}

/// How much a zone may hold, of the disk's bytes and of its inodes.
package struct ZoneQuota: Hashable, Sendable {
    package var bytes: UInt64
    package var inodes: UInt64?

    package init(bytes: UInt64, inodes: UInt64?) {
        self.bytes = bytes
        self.inodes = inodes
    }
}

/// What makes the gateway fast and can be left off, with the same bytes as the result: for looking for faults, and for measuring.
package enum Technique: String, CaseIterable, Hashable, Sendable {
    /// The kernel reads and writes the zones' files by itself.
    case passthrough
    /// The view's files and directories are read without being opened.
    case noOpen = "no-open"
    /// The kernel keeps names and attributes until it is told of a change; without it, for a second.
    case longLifetimes = "long-lifetimes"
    /// Listings come with their entries' attributes.
    case readdirplus
    /// The kernel remembers that a name does not exist.
    case negativeEntries = "negative-entries"
    /// The kernel remembers symbolic links' texts.
    case symlinkCache = "symlink-cache"
    /// The kernel gets data of the view that is likely to be asked for next, where it lies in memory already.
    case readAhead = "read-ahead"
    /// A plane's mount is taken out of its superblock without lying over the mountpoint for a moment (Linux 6.15).
    case detachedClone = "detached-clone"
    /// Reports of changes wait in a queue as long as there is memory; without it the machine's limit holds (`fs.fanotify.max_queued_events`).
    case unlimitedQueue = "unlimited-queue"
    /// Requests in zones come through rings, to the processor that they were made on (Linux 6.14, `fuse.enable_uring`).
    case rings = "io-uring"
    /// The view outlives the process that serves it (Linux 6.9). With it there are no rings: what was in one when its process ended comes never again.
    case survival
}

extension GatewayOptions {
    /// How much the zone may hold; nil for as much as the disk has.
    func quota(of zone: Zone) -> ZoneQuota? {
        switch zone {
        case .outside, .view: nil
        case .codeRepo: codeRepoQuota
        case .sandbox: sandboxQuota
        }
    }

    /// What a plane's session may negotiate.
    func features(_ always: Features) -> Features {
        var features = always
        let optional: [(Technique, Features)] = [
            (.passthrough, .passthrough), (.noOpen, [.noOpen, .noOpenDirectory]), (.readdirplus, .readdirplus),
            (.symlinkCache, .symlinkCache), (.rings, .rings),
        ]
        for (technique, bits) in optional where without.contains(technique) { features.subtract(bits) }
        if survives {
            features.subtract(.rings)
            features.insert(.resending)
        }
        return features
    }
}
