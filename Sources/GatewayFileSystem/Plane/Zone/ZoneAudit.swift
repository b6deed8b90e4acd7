internal import AuditLog
internal import FuseSession
internal import LinuxSystem
internal import SystemPackage
internal import ZonePolicy

/// Where a zone's changes and refusals are recorded.
package struct ZoneAudit: Sendable {
    let trail: AuditTrail
    /// The zone's own path on the machine.
    let root: [UInt8]
    /// What people call the zone.
    let label: String
}

/// A change that is asked for: what, by whom, and the rule that stood against it.
struct Act {
    let operation: AuditOperation
    let caller: Caller
    private(set) var rule: String?
    private(set) var pattern: String?
    /// The file of which fewer names were known than it has.
    private(set) var uncounted: (id: NodeID, node: Node)?

    init(_ operation: AuditOperation, _ caller: Caller) {
        self.operation = operation
        self.caller = caller
    }

    /// Remembers why it is refused; answers what the system call does.
    mutating func refuse(_ refusal: Refusal) -> Errno {
        rule = refusal.rule.rawValue
        pattern = refusal.pattern
        return Errno(rawValue: refusal.errno)
    }

    /// The file has names outside the zone, as far as names are known.
    mutating func refuseLinked(_ id: NodeID, _ node: Node) -> Errno {
        rule = "hard-link"
        uncounted = (id, node)
        return .notPermitted
    }
}

// Told before the kernel has its answer: until then the caller is there to be named. What failed for another reason than a rule changed nothing
// and is not recorded.
extension ZonePlane {
    /// Lets an allowed operation go on; throws the errno of a refused one, and notes the rule.
    @inline(__always)
    func permit(_ decision: Decision, _ act: inout Act) throws(Errno) {
        switch decision {
        case .allowed: return
        case .refused(let refusal), .allowedIf(_, else: let refusal): throw act.refuse(refusal)
        }
    }

    /// Records what was done to a name, or refused with `error`.
    @inline(__always)
    func tell(_ act: Act, _ parent: NodeID, _ name: borrowing PathBytes, error: Errno? = nil) {
        guard let audit, error == nil || act.rule != nil else { return }
        record(act, audit, path(parent, name, audit), nil, error)
    }

    /// Records a rename.
    @inline(__always)
    func tell(
        _ act: Act, _ parent: NodeID, _ name: borrowing PathBytes, to newParent: NodeID, _ newName: borrowing PathBytes,
        error: Errno? = nil
    ) {
        guard let audit, error == nil || act.rule != nil else { return }
        record(act, audit, path(parent, name, audit), path(newParent, newName, audit), error)
    }

    /// Records a link.
    @inline(__always)
    func tell(_ act: Act, _ node: NodeID, to newParent: NodeID, _ newName: borrowing PathBytes, error: Errno? = nil) {
        guard let audit, error == nil || act.rule != nil else { return }
        record(act, audit, path(node, audit), path(newParent, newName, audit), error)
    }

    /// Records what was done to a file, whatever its name.
    @inline(__always)
    func tell(_ act: Act, _ node: NodeID, error: Errno? = nil) {
        guard let audit, error == nil || act.rule != nil else { return }
        record(act, audit, path(node, audit), nil, error)
    }

    private func record(_ act: Act, _ audit: ZoneAudit, _ path: [UInt8], _ second: [UInt8]?, _ error: Errno?) {
        var event = AuditEvent(act.operation)
        event.path = path
        event.second = second
        event.process = act.caller.pid
        event.command = Self.command(act.caller.pid)
        event.user = act.caller.uid
        event.zone = audit.label
        event.rule = act.rule
        event.pattern = act.pattern
        event.errno = error?.rawValue ?? 0
        audit.trail.record(event)
    }

    /// The name that the thread has now; empty where it is none of this PID namespace.
    private static func command(_ thread: Int32) -> [UInt8] {
        guard thread > 0, let bytes = try? SmallFile.read("/proc/\(thread)/comm", limit: 64) else { return [] }
        return bytes.last == UInt8(ascii: "\n") ? bytes.dropLast() : bytes
    }

    private func path(_ parent: NodeID, _ name: borrowing PathBytes, _ audit: ZoneAudit) -> [UInt8] {
        path(parent, audit) + [UInt8(ascii: "/")] + name.array
    }

    /// The path that the kernel has for the file, which no node has: from the root of this plane's clone, which is the zone's.
    ///
    /// `//inode/N` below the zone where the kernel has none any more: a file that was opened by its handle and is in no cache.
    private func path(_ id: NodeID, _ audit: ZoneAudit) -> [UInt8] {
        if id == .root { return audit.root }
        guard let node = try? files.node(id), let location = try? files.location(id, node) else {
            return audit.root + Array("//unknown".utf8)
        }
        if let text = try? location.descriptor.magicLinkText(), text.count > 1, text.first == UInt8(ascii: "/") {
            return audit.root + text
        }
        let inode = (try? location.descriptor.status().inode).map(String.init) ?? "unknown"
        return audit.root + Array("//inode/\(inode)".utf8)
    }
}
