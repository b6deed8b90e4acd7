internal import Crypto
internal import DurableFiles
internal import GitRepository

/// `releases/.<name>.files`, beside the release `releases/<name>`: what the export wrote into it, by which the next one shares its files and
/// a backup is verified; and every path that was published in it, what a build added too. Without the first both do more work; without the
/// second everything in the release counts as the deployment's, what a server has left there too. Nothing else is lost.
struct ReleaseRecord {
    /// nil where it is of a release that was made of a backup.
    var files: ExportRecord?
    /// nil in one that was not published yet.
    var paths: Set<[UInt8]>?

    static func path(of release: String) -> String {
        let name = release.split(separator: "/").last.map(String.init) ?? ""
        return Paths.parent(of: release) + "/." + name + ".files"
    }

    /// nil where there is none, or not a whole one.
    static func read(_ path: String) throws(FileError) -> ReleaseRecord? {
        guard let bytes = try DurableFile.read(path, limit: 1 << 30), bytes.count > SHA256.byteCount else { return nil }
        var body = bytes.dropLast(SHA256.byteCount)
        guard SHA256.hash(data: body).elementsEqual(bytes.suffix(SHA256.byteCount)) else { return nil }
        var record = ReleaseRecord()
        if body.suffix(mark.count).elementsEqual(mark) {
            body = body.dropLast(mark.count)
            let length = body.suffix(8).reversed().reduce(0) { $0 << 8 | Int($1) }
            body = body.dropLast(8)
            guard length >= 0, length <= body.count else { return nil }
            record.paths = OwnedPaths.decoded(Array(body.suffix(length)), of: name)
            body = body.dropLast(length)
        }
        record.files = ExportRecord(encoded: body)
        return record.files == nil && record.paths == nil ? nil : record
    }

    func write(to path: String) throws(FileError) {
        var body = files?.encoded ?? []
        if let paths {
            let list = OwnedPaths.encoded(paths, of: Self.name)
            body += list
            for shift in stride(from: 0, to: 64, by: 8) { body.append(UInt8(truncatingIfNeeded: list.count >> shift)) }
            body += Self.mark
        }
        try DurableFile.write(body + Array(SHA256.hash(data: body)), to: path, mode: 0o600)
    }

    /// Puts it beside the release that `tree` is about to become, replacing one that a crash left there.
    func publish(_ tree: String, as release: String) throws(FileError) {
        var published = self
        published.paths = Set(try Tree.entries(tree).map(\.path))
        try published.write(to: Self.path(of: release))
    }

    /// Whether the name is one of a record.
    static func release(ofName name: String) -> String? {
        guard name.hasPrefix("."), name.hasSuffix(".files") else { return nil }
        return String(name.dropFirst().dropLast(".files".count))
    }

    /// Behind the paths and their length in bytes, where they are there: a record of files alone ends otherwise.
    private static let mark = Array("pinfold paths 1\n".utf8)
    private static let name = "release"
}

extension ExportRecord {
    /// The same files, known again by what they are elsewhere, where each has been seen to hold what it should.
    func restamped(_ there: [DurableFiles.TreeEntry]) -> ExportRecord {
        var record = self
        for entry in there where entry.kind == .file {
            record.restamp(entry.path, inode: entry.inode, size: entry.size, modified: entry.modified)
        }
        return record
    }
}
