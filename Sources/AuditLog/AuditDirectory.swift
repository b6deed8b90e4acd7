internal import CLinux
internal import LinuxSystem
internal import SystemPackage

/// The directory with the record's files, root's alone: `audit-NUMBER.jsonl`, named for their first record, `head` with the number and
/// hash of the last record that was made durable, `lock` held by whoever writes or verifies.
struct AuditDirectory: Sendable {
    let shared: SharedDescriptor

    init(_ path: String) throws(AuditError) {
        let status: FileStatus
        do throws(Errno) {
            let opened = try Descriptor.open(path, [.directory, .noFollow])
            status = try opened.status()
            shared = SharedDescriptor(opened)
        } catch {
            throw AuditError("\(path) cannot be used: \(error)", error)
        }
        guard status.owner == geteuid(), status.mode & 0o077 == 0 else {
            throw AuditError("\(path) has to be root's alone: owner \(geteuid()), mode 700")
        }
    }

    /// The record's files, the oldest first.
    func names() throws(Errno) -> [String] {
        var names: [String] = []
        let reader = DirectoryReader()
        let directory = try shared.descriptor.open(".", [.directory])
        try reader.read(directory, from: 0) { entry throws(Errno) in
            let name = String(decoding: entry.name.array, as: UTF8.self)
            if name.hasPrefix("audit-"), name.hasSuffix(".jsonl") { names.append(name) }
            return true
        }
        // Numbers of one length: in the order of the names.
        return names.sorted()
    }

    static func name(first sequence: UInt64) -> String {
        let digits = String(sequence)
        return "audit-" + String(repeating: "0", count: 20 - digits.utf8.count) + digits + ".jsonl"
    }

    /// Waits until nobody else writes or verifies; it is so until the result is let go of.
    func lock() throws(Errno) -> SharedDescriptor {
        try lock(SharedDescriptor(try shared.descriptor.open("lock", [.readWrite, .create, .noFollow], mode: 0o600)))
    }

    /// The same for who only reads. On a file system that takes no writes nobody has ever written where there is no file to lock: nil.
    func lockForReading() throws(Errno) -> SharedDescriptor? {
        do throws(Errno) {
            return try lock()
        } catch {
            guard error == .readOnlyFileSystem else { throw error }
        }
        do throws(Errno) {
            return try lock(SharedDescriptor(try shared.descriptor.open("lock", [.noFollow, .nonBlocking])))
        } catch {
            guard error == .noSuchFileOrDirectory else { throw error }
            return nil
        }
    }

    private func lock(_ file: SharedDescriptor) throws(Errno) -> SharedDescriptor {
        while true {
            let raw = file.descriptor.rawValue
            do throws(Errno) {
                _ = try check { pinfold_flock(raw) }
                return file
            } catch {
                guard error == .wouldBlock || error == .resourceTemporarilyUnavailable else { throw error }
                SystemThread.sleep(milliseconds: 5)
            }
        }
    }

    // MARK: The head

    struct Head: Equatable {
        var sequence: UInt64
        var hash: String
    }

    /// Whether nothing was ever recorded here: no file, and no head that would speak of records.
    func isNew() throws(Errno) -> Bool {
        guard try names().isEmpty else { return false }
        do throws(Errno) {
            _ = try shared.descriptor.open("head", [.path, .noFollow])
            return false
        } catch {
            guard error == .noSuchFileOrDirectory else { throw error }
            return true
        }
    }

    /// nil where there is none, or none that can be read.
    func head() -> Head? {
        guard let bytes = try? headBytes(), let fields = AuditRecord.fields(bytes),
            let sequence = fields["seq"].flatMap({ UInt64($0) }), let hash = fields["hash"]
        else { return nil }
        return Head(sequence: sequence, hash: hash)
    }

    private func headBytes() throws(Errno) -> [UInt8] {
        let file = try shared.descriptor.open("head", [.noFollow, .nonBlocking])
        return Array(try Self.bytes(file, from: 0, 4096).prefix { $0 != UInt8(ascii: "\n") })
    }

    /// By a rename: the old one or the new one is there, whatever happens. The records up to it are durable already.
    func write(_ head: Head) throws(Errno) {
        let file = try shared.descriptor.open("head.new", [.writeOnly, .create, .truncate, .noFollow], mode: 0o600)
        let text = Array("{\"seq\":\(head.sequence),\"hash\":\"\(head.hash)\"}\n".utf8)
        try Self.write(text, to: file)
        try file.synchronize()
        try "head.new".withPathBytes { old throws(Errno) in
            try "head".withPathBytes { new throws(Errno) in try shared.descriptor.rename(old, to: shared.descriptor, new) }
        }
    }

    // MARK: Bytes

    static func write(_ bytes: [UInt8], to file: borrowing Descriptor) throws(Errno) {
        let raw = file.rawValue
        var done = 0
        while done < bytes.count {
            done += try check {
                unsafe bytes.withUnsafeBytes { unsafe CLinux.write(raw, $0.baseAddress.unsafelyUnwrapped + done, $0.count - done) }
            }
        }
    }

    /// Up to `count` bytes from `offset` on, fewer at the end of the file.
    static func bytes(_ file: borrowing Descriptor, from offset: Int64, _ count: Int) throws(Errno) -> [UInt8] {
        let raw = file.rawValue
        var result = [UInt8](repeating: 0, count: count)
        var filled = 0
        while filled < count {
            let got = try check {
                unsafe result.withUnsafeMutableBytes {
                    unsafe pread(raw, $0.baseAddress.unsafelyUnwrapped + filled, $0.count - filled, off_t(offset) + off_t(filled))
                }
            }
            if got == 0 { break }
            filled += got
        }
        result.removeLast(count - filled)
        return result
    }

    /// More than the longest record takes, whose paths are at most `AuditEvent.most`.
    static let window = 128 << 10

    /// What is at the end of a file: how many bytes follow the last newline, and the last whole record before that.
    func end(of name: String) throws(Errno) -> (size: Int64, torn: Int, last: AuditRecord?) {
        let file = try shared.descriptor.open(name, [.noFollow, .nonBlocking])
        let size = Int64(clamping: try file.status().size)
        let start = max(size - Int64(Self.window), 0)
        let bytes = try Self.bytes(file, from: start, Int(size - start))
        var lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        let torn = lines.popLast()?.count ?? 0
        // One that does not read was altered: verifying says so, writing goes on after the one before.
        for line in lines.reversed() {
            if let record = AuditRecord(line: Array(line)), record.isWhole(Array(line)) { return (size, torn, record) }
        }
        return (size, torn, nil)
    }
}

/// Why the record cannot be kept or read, in one line.
package struct AuditError: Error, Sendable, CustomStringConvertible {
    package let description: String
    /// Whether the machine did not do it this time, as when a disk is full: no setting is wrong, and it may be done the next time.
    package let isOfTheMachine: Bool

    /// - Parameter code: what the kernel answered; nil where it was not asked, and what is there is wrong.
    init(_ description: String, _ code: Errno? = nil) {
        self.description = description
        isOfTheMachine = code?.isOfTheMachine ?? false
    }
}
