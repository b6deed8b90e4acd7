internal import CLinux
internal import DurableFiles
internal import LinuxSystem
internal import SystemPackage

/// The output of one deployment's tests, builds and commands: appended, and capped so that no test fills the disk.
///
/// Not durable by design: after a crash of the machine the last lines may be missing, the verdict never is.
package final class StepLog: Sendable {
    /// Bytes that one command may add; what exceeds it is counted and dropped from the middle.
    package static let headLimit = 512 << 10
    package static let tailLimit = 512 << 10

    package let path: String
    private let lock = Lock(())

    package init(path: String) {
        self.path = path
    }

    /// A line of Pinfold's own.
    package func note(_ text: String) {
        append(Array("── \(text)\n".utf8))
    }

    package func append(_ bytes: [UInt8]) {
        lock.withLock { _ in
            let number = unsafe pinfold_open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0o644)
            guard number >= 0 else { return }
            let file = Descriptor(owning: number)
            var rest = bytes[...]
            while !rest.isEmpty {
                // A full disk loses output, not the deployment.
                let count = unsafe rest.withUnsafeBytes { unsafe write(file.rawValue, $0.baseAddress.unsafelyUnwrapped, $0.count) }
                guard count > 0 else { return }
                rest = rest.dropFirst(count)
            }
        }
    }
}

/// Keeps the beginning and the end of an output of any size.
struct CappedOutput {
    private let log: StepLog
    private var head = 0
    private var tail: [UInt8] = []
    private var dropped = 0
    private var first: [UInt8] = []

    /// The first 64 KiB.
    var beginning: String { String(decoding: first, as: UTF8.self) }

    init(to log: StepLog) {
        self.log = log
    }

    mutating func add(_ bytes: ArraySlice<UInt8>) {
        var rest = bytes
        if first.count < 1 << 16 { first += rest.prefix(1 << 16 - first.count) }
        if head < StepLog.headLimit {
            let piece = rest.prefix(StepLog.headLimit - head)
            log.append(Array(piece))
            head += piece.count
            rest = rest.dropFirst(piece.count)
        }
        guard !rest.isEmpty else { return }
        tail += rest
        if tail.count > 2 * StepLog.tailLimit {
            dropped += tail.count - StepLog.tailLimit
            tail.removeFirst(tail.count - StepLog.tailLimit)
        }
    }

    /// Writes what was kept of the end.
    mutating func finish() {
        guard !tail.isEmpty else { return }
        if tail.count > StepLog.tailLimit {
            dropped += tail.count - StepLog.tailLimit
            tail.removeFirst(tail.count - StepLog.tailLimit)
        }
        if dropped > 0 {
            log.append(Array("\n".utf8))
            log.note("\(dropped) bytes of output left out here")
        }
        log.append(tail)
        tail = []
    }
}
