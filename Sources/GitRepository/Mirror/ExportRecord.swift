internal import CLinux

/// What an export wrote, file by file: the content, and what tells without reading it whether a file still is what was written.
///
/// A file is taken for unchanged while its inode, size, time of modification and permissions are the same. The time of change counts for
/// nothing: every name that a file is given or loses sets it.
package struct ExportRecord: Hashable, Sendable {
    package struct Entry: Hashable, Sendable {
        package let blob: ObjectID
        package let isExecutable: Bool
        /// What it stands for, where that is not itself.
        package let standIn: StandIn?
        /// SHA-256.
        package let digest: [UInt8]
        package let size: Int64
        fileprivate(set) var inode: UInt64
        /// Nanoseconds since 1970.
        fileprivate(set) var modified: Int64

        package var permissions: UInt32 { isExecutable ? 0o755 : 0o644 }

        init(_ status: stat, blob: ObjectID, isExecutable: Bool, standIn: StandIn?, digest: [UInt8]) {
            self.blob = blob
            self.isExecutable = isExecutable
            self.standIn = standIn
            self.digest = digest
            size = Int64(status.st_size)
            inode = UInt64(status.st_ino)
            modified = Self.nanoseconds(status)
        }

        /// Whether what is there now is the file that was written, as far as can be seen without reading it.
        package func isUnchanged(inode: UInt64, size: Int64, modified: Int64, mode: UInt32) -> Bool {
            self.inode == inode && self.size == size && self.modified == modified && mode == S_IFREG_MODE | permissions
        }

        func isUnchanged(_ status: stat) -> Bool {
            isUnchanged(
                inode: UInt64(status.st_ino), size: Int64(status.st_size), modified: Self.nanoseconds(status), mode: status.st_mode)
        }

        private static func nanoseconds(_ status: stat) -> Int64 {
            Int64(status.st_mtim.tv_sec) * 1_000_000_000 + Int64(status.st_mtim.tv_nsec)
        }
    }

    /// By path from the tree's root.
    package internal(set) var entries: [[UInt8]: Entry] = [:]

    init() {}

    /// Knows the file at `path` again by what it is now; of another size it is not the same file.
    package mutating func restamp(_ path: [UInt8], inode: UInt64, size: Int64, modified: Int64) {
        guard entries[path]?.size == size else { return }
        entries[path]?.inode = inode
        entries[path]?.modified = modified
    }
}

private let S_IFREG_MODE = UInt32(0o100000)

// As bytes: a header, records, and a digest of all before it, which the caller puts there and looks at.
extension ExportRecord {
    private static let header = Array("pinfold export 2\n".utf8)

    package var encoded: [UInt8] {
        var bytes = Self.header
        bytes.reserveCapacity(entries.count * 128)
        func number(_ value: UInt64) {
            for shift in stride(from: 0, to: 64, by: 8) { bytes.append(UInt8(truncatingIfNeeded: value >> UInt64(shift))) }
        }
        for (path, entry) in entries {
            number(UInt64(path.count))
            number(entry.inode)
            number(UInt64(bitPattern: entry.size))
            number(UInt64(bitPattern: entry.modified))
            bytes.append((entry.isExecutable ? 1 : 0) | (entry.standIn?.rawValue ?? 0) << 1)
            bytes += entry.blob.bytes
            bytes += entry.digest
            bytes += path
        }
        return bytes
    }

    /// nil where it is not of this form.
    package init?(encoded bytes: some Collection<UInt8>) {
        let bytes = Array(bytes)
        guard bytes.starts(with: Self.header) else { return nil }
        var at = Self.header.count
        func number() -> UInt64 {
            var value: UInt64 = 0
            for index in 0..<8 { value |= UInt64(bytes[at + index]) << UInt64(8 * index) }
            at += 8
            return value
        }
        while at < bytes.count {
            guard bytes.count - at >= Self.fixed else { return nil }
            let length = number()
            let inode = number()
            let size = Int64(bitPattern: number())
            let modified = Int64(bitPattern: number())
            let isExecutable = bytes[at] & 1 == 1
            let standIn = StandIn(rawValue: bytes[at] >> 1)
            let blob = ObjectID(bytes: bytes[(at + 1)..<(at + 21)])
            let digest = Array(bytes[(at + 21)..<(at + 53)])
            at += 53
            guard length <= bytes.count - at else { return nil }
            entries[Array(bytes[at..<(at + Int(length))])] = Entry(
                blob: blob, isExecutable: isExecutable, standIn: standIn, digest: digest, size: size, inode: inode,
                modified: modified)
            at += Int(length)
        }
    }

    /// Bytes of a record without its path.
    private static let fixed = 4 * 8 + 1 + 20 + 32
}

extension ExportRecord.Entry {
    fileprivate init(
        blob: ObjectID, isExecutable: Bool, standIn: StandIn?, digest: [UInt8], size: Int64, inode: UInt64, modified: Int64
    ) {
        self.blob = blob
        self.isExecutable = isExecutable
        self.standIn = standIn
        self.digest = digest
        self.size = size
        self.inode = inode
        self.modified = modified
    }
}
