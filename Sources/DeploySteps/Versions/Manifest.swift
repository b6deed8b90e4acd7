internal import Crypto
package import DurableFiles
package import GitRepository
internal import PlainText

/// What a tree holds, by content: each path with its kind, permissions and SHA-256. Written beside a backup, it proves later that the backup
/// still is what was copied.
package struct Manifest: Hashable, Sendable {
    /// By path; the value is everything else about the entry in one line.
    package private(set) var entries: [[UInt8]: String]

    private static let header = "pinfold manifest 1"

    /// - Parameter record: what an export wrote there: files that are unchanged by their inode, size, time of modification and permissions
    ///   are not read again. nil: everything is read.
    package init(of directory: String, leaving: Tree.Leaving = Tree.Leaving(), knowing record: ExportRecord? = nil)
        throws(FileError)
    {
        var entries: [[UInt8]: String] = [:]
        func known(_ entry: DurableFiles.TreeEntry) -> ExportRecord.Entry? {
            guard let known = record?.entries[entry.path] else { return nil }
            let mode = 0o100000 | entry.mode
            return known.isUnchanged(inode: entry.inode, size: entry.size, modified: entry.modified, mode: mode) ? known : nil
        }
        try Tree.visit(directory, opening: { known($0) == nil }, leaving: leaving) { entry, file throws(FileError) in
            let mode = String(entry.mode & 0o777, radix: 8)
            switch entry.kind {
            case .directory: entries[entry.path] = "directory \(mode)"
            case .link(let text): entries[entry.path] = "link \(Hexadecimal.text(Array(SHA256.hash(data: text))))"
            case .special: break
            case .file:
                if let known = known(entry) {
                    entries[entry.path] = Self.line(known)
                    return
                }
                var hash = SHA256()
                unsafe try file.read(path: entry.path) { unsafe hash.update(bufferPointer: $0) }
                entries[entry.path] = "file \(mode) \(entry.size) \(Hexadecimal.text(Array(hash.finalize())))"
            }
        }
        self.entries = entries
    }

    /// Only these paths of it; nil: all.
    func restricted(to paths: Set<[UInt8]>?) -> Manifest {
        guard let paths else { return self }
        var part = self
        part.entries = entries.filter { paths.contains($0.key) }
        return part
    }

    /// Records ended by NUL, sorted by path, and last the SHA-256 of all before it.
    package var encoded: [UInt8] {
        var bytes = Array(Self.header.utf8) + [0]
        for path in entries.keys.sorted(by: { $0.lexicographicallyPrecedes($1) }) {
            bytes += Array("\(entries[path] ?? "") ".utf8) + path + [0]
        }
        return bytes + Array("end \(Hexadecimal.text(Array(SHA256.hash(data: bytes))))".utf8) + [0]
    }

    /// nil where it is cut off or damaged.
    package init?(encoded bytes: [UInt8]) {
        let records = bytes.split(separator: 0, omittingEmptySubsequences: false)
        // The last piece is what follows the last NUL: nothing.
        guard records.count >= 3, records[0].elementsEqual(Self.header.utf8), let end = records.dropLast().last else { return nil }
        let body = bytes.prefix(bytes.count - end.count - 1)
        guard end.elementsEqual("end \(Hexadecimal.text(Array(SHA256.hash(data: body))))".utf8) else { return nil }
        entries = [:]
        entries.reserveCapacity(records.count)
        let file = Array("file ".utf8)
        for record in records.dropFirst().dropLast(2) {
            var fields = 2
            if record.starts(with: file) { fields = 4 }
            var at = record.startIndex
            for _ in 0..<fields {
                guard let space = record[at...].firstIndex(of: 0x20) else { return nil }
                at = space + 1
            }
            entries[Array(record[at...])] = String(decoding: record[..<(at - 1)], as: UTF8.self)
        }
    }

    /// The paths whose entries differ, with those that only one of the two has.
    package func differences(from other: Manifest) -> Set<[UInt8]> {
        var result = Set(entries.keys).symmetricDifference(other.entries.keys)
        for (path, value) in entries {
            if let theirs = other.entries[path], theirs != value { result.insert(path) }
        }
        return result
    }

    /// The entry of a file that an export wrote.
    static func line(_ file: ExportRecord.Entry) -> String {
        "file \(String(file.permissions, radix: 8)) \(file.size) \(Hexadecimal.text(file.digest))"
    }
}
