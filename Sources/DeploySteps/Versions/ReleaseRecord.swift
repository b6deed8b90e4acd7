internal import Crypto
internal import DurableFiles
internal import GitRepository

/// `releases/.<name>.files`, beside the release `releases/<name>`: what the export wrote into it, by which the next one shares its files and
/// a backup is verified. Without it both do more work, and nothing else is lost.
enum ReleaseRecord {
    static func path(of release: String) -> String {
        let name = release.split(separator: "/").last.map(String.init) ?? ""
        return Paths.parent(of: release) + "/." + name + ".files"
    }

    /// nil where there is none, or not a whole one.
    static func read(_ path: String) throws(FileError) -> ExportRecord? {
        guard let bytes = try DurableFile.read(path, limit: 1 << 30), bytes.count > SHA256.byteCount else { return nil }
        let body = bytes.dropLast(SHA256.byteCount)
        guard SHA256.hash(data: body).elementsEqual(bytes.suffix(SHA256.byteCount)) else { return nil }
        return ExportRecord(encoded: body)
    }

    /// Puts the record of an export beside the release that it is about to become, replacing one that a crash left there.
    static func publish(_ record: String, beside release: String) throws(FileError) {
        guard let bytes = try DurableFile.read(record, limit: 1 << 30) else { return }
        try DurableFile.write(bytes, to: path(of: release), mode: 0o600)
    }

    static func write(_ record: ExportRecord, to path: String) throws(FileError) {
        let body = record.encoded
        try DurableFile.write(body + Array(SHA256.hash(data: body)), to: path, mode: 0o600)
    }

    /// Whether the name is one of a record.
    static func release(ofName name: String) -> String? {
        guard name.hasPrefix("."), name.hasSuffix(".files") else { return nil }
        return String(name.dropFirst().dropLast(".files".count))
    }
}

extension ExportRecord {
    /// The same files, known again by what they are in another place, where each has been seen to hold what it should.
    func restamped(_ there: [DurableFiles.TreeEntry]) -> ExportRecord {
        var record = self
        for entry in there where entry.kind == .file {
            record.restamp(entry.path, inode: entry.inode, size: entry.size, modified: entry.modified)
        }
        return record
    }
}
