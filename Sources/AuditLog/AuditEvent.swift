internal import CLinux
package import LinuxSystem

/// Something that happened, before it is a record: bytes as the kernel has them.
package struct AuditEvent: Sendable {
    package var time: Timestamp
    package var operation: AuditOperation
    /// Absolute, as the machine has it outside of the view; empty where the event is about no file.
    package var path: [UInt8] = []
    /// The new name of a rename or a link.
    package var second: [UInt8]?
    /// The thread that made the system call, as the daemon's PID namespace numbers it.
    package var process: Int32 = 0
    /// That thread's name.
    package var command: [UInt8] = []
    /// `unknownUser` where nobody could be asked any more.
    package var user: UInt32 = 0
    package var zone = ""
    /// The word of the rule that refused it; nil for what was done.
    package var rule: String?
    /// The pattern that decided, where the rule has patterns.
    package var pattern: String?
    /// What the system call answered; 0 where it succeeded.
    package var errno: Int32 = 0
    /// How many events were dropped, records pruned, or bytes cut off.
    package var count: UInt64?
    /// Of pruned records the last one's number and hash.
    package var through: UInt64?
    package var digest: String?

    package init(_ operation: AuditOperation, time: Timestamp = SystemClock.now) {
        self.operation = operation
        self.time = time
    }

    /// A refusal in the read-only view, which the kernel made by itself.
    package static func inView(_ operation: AuditOperation, time: Timestamp = SystemClock.now) -> AuditEvent {
        var event = AuditEvent(operation, time: time)
        event.zone = view
        event.rule = "read-only-view"
        return event
    }

    /// (uid_t)-1, which is no user's.
    package static let unknownUser = UInt32.max

    private static let view = "view"
    var isRefusal: Bool { rule != nil }
    var isInView: Bool { zone == Self.view }
    /// About how many bytes it takes as a record, and no fewer in memory.
    var weight: Int { 256 + Self.length(path) + Self.length(second ?? []) }

    /// No record is longer: what is, is counted as dropped. Two paths of the longest kind with each byte escaped are below it.
    static let most = 96 << 10

    /// A byte that is no plain ASCII may be written as four characters, whose backslash JSON doubles.
    private static func length(_ path: [UInt8]) -> Int {
        path.reduce(0) { $0 + ($1 >= 0x20 && $1 < 0x7f && $1 != UInt8(ascii: "\\") ? 1 : 5) }
    }
}

/// What is recorded. The last five are about the record itself.
package enum AuditOperation: String, Sendable, CaseIterable {
    case create, mkdir, mknod, symlink, link, unlink, rmdir, rename, chmod, chown, truncate, utimens, setxattr, removexattr
    /// A file that exists was opened for writing, or to be emptied. Writes through it are the kernel's own affair.
    case open
    /// A file without a name (O_TMPFILE), in the directory of that path.
    case tmpfile
    /// Mode, owner, times, or extended attributes, of which nobody said which: what the kernel reports of a zone that it serves by itself.
    case setattr
    case start, stop
    /// `count` events were not recorded: too many, or the disk did not take them.
    case dropped
    /// `count` bytes of a record that a crash had left unfinished were cut off.
    case torn
    /// The oldest file went, with `count` records up to number `through` with the hash `digest`.
    case pruned

    /// Whether it is about the record itself and not about a file.
    var isOfTheRecord: Bool {
        switch self {
        case .start, .stop, .dropped, .torn, .pruned: true
        default: false
        }
    }
}

extension Timestamp {
    /// RFC 3339 in UTC with nanoseconds: texts of the same length, in the order of the times.
    package var text: String {
        var time = time_t(seconds)
        var parts = unsafe tm()
        _ = unsafe gmtime_r(&time, &parts)
        let day =
            unsafe "\(padded(Int(parts.tm_year) + 1900, 4))-\(padded(Int(parts.tm_mon) + 1, 2))-\(padded(Int(parts.tm_mday), 2))"
        let clock = unsafe "\(padded(Int(parts.tm_hour), 2)):\(padded(Int(parts.tm_min), 2)):\(padded(Int(parts.tm_sec), 2))"
        return "\(day)T\(clock).\(padded(Int(nanoseconds), 9))Z"
    }
}

/// A number with zeros in front.
func padded(_ number: Int, _ digits: Int) -> String {
    let text = String(number)
    return String(repeating: "0", count: max(digits - text.utf8.count, 0)) + text
}

/// The name of an errno value (`man 3 errno`), `ok` for none.
func errorName(_ code: Int32) -> String {
    switch code {
    case 0: "ok"
    case EPERM: "EPERM"
    case ENOENT: "ENOENT"
    case EACCES: "EACCES"
    case EXDEV: "EXDEV"
    case EINVAL: "EINVAL"
    case EROFS: "EROFS"
    default: "E\(code)"
    }
}
