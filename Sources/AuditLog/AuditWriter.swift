internal import LinuxSystem
internal import SystemPackage

/// Appends records, starts new files and removes old ones. Of one thread at a time.
///
/// Nothing about the end of the chain is kept from one batch to the next but read again under the lock: two gateways over one data root
/// write into one chain.
final class AuditWriter: @unchecked Sendable {
    // @unchecked: the trail makes it, and its thread alone uses it from then on.
    private let directory: AuditDirectory
    private let limits: AuditLimits
    private var head = AuditDirectory.Head(sequence: 0, hash: AuditRecord.origin)
    private var names: [String] = []
    /// What is to be written to the newest file, and how large that is then.
    private var pending: [UInt8] = []
    private var size: Int64 = 0
    /// Whether records were written that are not known to be durable.
    private(set) var isBehind = false

    init(_ path: String, _ limits: AuditLimits) throws(AuditError) {
        directory = try AuditDirectory(path)
        self.limits = limits
    }

    func append(_ events: [AuditEvent]) throws(Errno) {
        let lock = try directory.lock()
        defer { withExtendedLifetime(lock) {} }
        pending = []
        try load()
        for event in events { try add(event) }
        try flush()
    }

    /// Finds the end of the chain. A record that a crash left unfinished is cut off, which is recorded.
    private func load() throws(Errno) {
        names = try directory.names()
        size = 0
        head = AuditDirectory.Head(sequence: 0, hash: AuditRecord.origin)
        var torn = 0
        for (index, name) in names.enumerated().reversed() {
            let end = try directory.end(of: name)
            if index == names.count - 1 {
                size = end.size - Int64(end.torn)
                torn = end.torn
                if torn > 0 { try directory.shared.descriptor.open(name, [.writeOnly, .noFollow]).truncate(to: size) }
            }
            if let last = end.last {
                head = AuditDirectory.Head(sequence: last.sequence, hash: last.hash)
                break
            }
        }
        // Records are missing at the end. What comes goes on after them, so that the gap stays to be seen.
        if let kept = directory.head(), kept.sequence > head.sequence { head = kept }
        if torn > 0 {
            var event = AuditEvent(.torn)
            event.count = UInt64(torn)
            try add(event)
        }
    }

    private func add(_ event: AuditEvent) throws(Errno) {
        var line = AuditRecord.line(event, sequence: head.sequence + 1, previous: head.hash)
        if names.isEmpty || (size > 0 && size + Int64(line.bytes.count) >= limits.fileBytes) {
            try rotate()
            // Pruning has its own record.
            line = AuditRecord.line(event, sequence: head.sequence + 1, previous: head.hash)
        }
        put(line)
    }

    private func put(_ line: (bytes: [UInt8], hash: String)) {
        pending += line.bytes
        pending.append(UInt8(ascii: "\n"))
        size += Int64(line.bytes.count) + 1
        head = AuditDirectory.Head(sequence: head.sequence + 1, hash: line.hash)
    }

    private func flush() throws(Errno) {
        guard !pending.isEmpty, let name = names.last else { return }
        let file = try directory.shared.descriptor.open(name, [.writeOnly, .append, .noFollow])
        try AuditDirectory.write(pending, to: file)
        pending = []
        isBehind = true
    }

    private func rotate() throws(Errno) {
        try flush()
        if let name = names.last { try directory.shared.descriptor.open(name, [.writeOnly, .noFollow]).synchronize() }
        let name = AuditDirectory.name(first: head.sequence + 1)
        _ = try directory.shared.descriptor.open(name, [.writeOnly, .create, .exclusive, .noFollow], mode: 0o600)
        names.append(name)
        size = 0
        while names.count > limits.files {
            let oldest = names.removeFirst()
            let first = try directory.end(of: oldest)
            var event = AuditEvent(.pruned)
            if let last = first.last {
                event.count = last.sequence + 1 - (Self.number(oldest) ?? last.sequence)
                event.through = last.sequence
                event.digest = last.hash
            }
            put(AuditRecord.line(event, sequence: head.sequence + 1, previous: head.hash))
            // Known before it is done: a crash between the two leaves a file too many.
            try flush()
            try synchronizeFile()
            try oldest.withPathBytes { path throws(Errno) in try directory.shared.descriptor.unlink(path) }
        }
    }

    private static func number(_ name: String) -> UInt64? { UInt64(name.dropFirst(6).dropLast(6)) }

    private func synchronizeFile() throws(Errno) {
        guard let name = names.last else { return }
        try directory.shared.descriptor.open(name, [.writeOnly, .noFollow]).synchronize(dataOnly: true)
    }

    /// Makes what was written durable, and then the head that says where the chain ends.
    func settle() throws(Errno) {
        guard isBehind else { return }
        let lock = try directory.lock()
        defer { withExtendedLifetime(lock) {} }
        names = try directory.names()
        guard let name = names.last else { return }
        try synchronizeFile()
        // Another gateway may have gone on since.
        if let last = try directory.end(of: name).last, last.sequence > head.sequence {
            head = AuditDirectory.Head(sequence: last.sequence, hash: last.hash)
        }
        try directory.write(head)
        isBehind = false
    }
}

/// How much is kept, and how fast it may grow.
package struct AuditLimits: Sendable {
    /// A file of this size is followed by a new one.
    package var fileBytes: Int64 = 16 << 20
    package var files = 8
    /// Events a second, and how many more may come at once, for changes and refusals in the zones and for refusals in the view: none can crowd
    /// another out.
    package var changes = Rate(perSecond: 200, burst: 10_000)
    package var refusals = Rate(perSecond: 50, burst: 2_000)
    package var view = Rate(perSecond: 50, burst: 2_000)
    /// Memory of events that wait for the disk.
    package var queueBytes = 8 << 20

    package struct Rate: Sendable {
        package var perSecond: Double
        package var burst: Double
        package init(perSecond: Double, burst: Double) {
            self.perSecond = perSecond
            self.burst = burst
        }
    }

    package init() {}
}
