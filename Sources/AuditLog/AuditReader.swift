internal import LinuxSystem
internal import SystemPackage

/// Reads the record's lines, the oldest first, and those that come later when asked again.
package struct AuditReader: Sendable {
    private let directory: AuditDirectory
    /// The file that is being read, and how far.
    private var name = ""
    private var offset: Int64 = 0

    package init(_ path: String) throws(AuditError) { directory = try AuditDirectory(path) }

    /// Gives `body` every whole line that has not been read yet, without its newline.
    package mutating func read(_ body: ([UInt8]) throws -> Void) throws {
        while true {
            // Listed before the end of the file is seen: what is not in the list was made after that, and nothing is added to a file that
            // another follows.
            let next = try directory.names().first { $0 > name }
            if !name.isEmpty { try readRest(body) }
            guard let next else { return }
            name = next
            offset = 0
        }
    }

    /// Bytes that are read at once.
    private static let part = 1 << 20

    private mutating func readRest(_ body: ([UInt8]) throws -> Void) throws {
        guard let file = try open() else { return }
        while true {
            let bytes = try AuditDirectory.bytes(file.descriptor, from: offset, Self.part)
            guard let end = bytes.lastIndex(of: UInt8(ascii: "\n")) else {
                guard bytes.count == Self.part else { return }
                // No record is so long: somebody else wrote it. What follows it is there all the same.
                try body(bytes)
                offset += Int64(bytes.count)
                continue
            }
            for line in bytes[..<end].split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
                try body(Array(line))
            }
            offset += Int64(end) + 1
        }
    }

    /// nil where it was pruned meanwhile.
    private func open() throws(Errno) -> SharedDescriptor? {
        do throws(Errno) {
            return SharedDescriptor(try directory.shared.descriptor.open(name, [.noFollow, .nonBlocking]))
        } catch {
            if error == .noSuchFileOrDirectory { return nil }
            throw error
        }
    }

    /// Walks the whole chain while nobody writes.
    package static func verify(_ path: String) throws(AuditError) -> AuditVerification {
        let directory = try AuditDirectory(path)
        var reader = try AuditReader(path)
        do {
            let lock = try directory.lockForReading()
            defer { withExtendedLifetime(lock) {} }
            var verification = AuditVerification(head: directory.head())
            if try directory.isNew() { return verification }
            try reader.read { verification.take($0) }
            verification.finish()
            return verification
        } catch {
            throw AuditError("\(path) cannot be read: \(error)", error as? Errno)
        }
    }
}

/// What walking the chain found.
package struct AuditVerification: Sendable {
    package private(set) var records = 0
    package private(set) var first: UInt64?
    package private(set) var last: UInt64?
    /// What is wrong first, naming the record; nil where nothing is.
    package private(set) var problem: String?

    private let head: AuditDirectory.Head?
    private var previous: AuditRecord?
    private var beginning: AuditRecord?
    private var isExplained = false

    init(head: AuditDirectory.Head?) { self.head = head }

    mutating func take(_ line: [UInt8]) {
        records += 1
        guard problem == nil else { return }
        let expected = previous.map { $0.sequence + 1 }
        guard let record = AuditRecord(line: line) else {
            problem = "record \(expected.map(String.init) ?? "1 of those that are left") was altered: it cannot be read"
            return
        }
        guard record.isWhole(line) else {
            problem = "record \(record.sequence) was altered"
            return
        }
        if let previous, let expected {
            guard record.sequence == expected else {
                problem = "record \(record.sequence) stands where record \(expected) should: records were removed or reordered"
                return
            }
            guard record.previous == previous.hash else {
                problem = "record \(record.sequence) does not follow from record \(previous.sequence): one of them was replaced"
                return
            }
        } else {
            beginning = record
            first = record.sequence
        }
        if let head, head.sequence == record.sequence, head.hash != record.hash {
            problem = "record \(record.sequence) is not the one that was written: the head has another hash of it"
            return
        }
        if record.operation == AuditOperation.pruned.rawValue, let beginning, record.through == beginning.sequence - 1,
            record.digest == beginning.previous
        {
            isExplained = true
        }
        previous = record
        last = record.sequence
    }

    mutating func finish() {
        guard problem == nil else { return }
        if let beginning, beginning.sequence == 1 ? beginning.previous != AuditRecord.origin : !isExplained {
            problem = "the records before \(beginning.sequence) are missing, and no record says that they were pruned"
        } else if let head {
            let last = last ?? 0
            if head.sequence > last {
                problem = "record \(last + 1) is missing at the end, and those up to \(head.sequence)"
            }
        } else {
            problem = "the head is missing: whether records are missing after \(last.map(String.init) ?? "none") cannot be told"
        }
    }
}
