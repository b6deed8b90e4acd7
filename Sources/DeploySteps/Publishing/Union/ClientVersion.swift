internal import DeployModel
internal import DurableFiles
internal import FoundationEssentials

/// One version of the client, whole, on the daemon's own ground: `client-versions/<deployment>-<commit>`, with `tree`, a `manifest` and
/// `about.json`. What is served is put together from these, and can be put together again.
struct ClientVersion {
    let path: String
    var about: About
    let manifest: Manifest
    /// What of it is served, with when it appears.
    let files: [String: ClientFileKind]

    struct About: Codable {
        /// Whose it is; 0 for what was there before the first.
        var deployment: Int
        var commit: CommitID?
        var made: Timestamp
        /// Deployments that published it and were not taken back.
        var published: Set<Int> = []
        /// Since when another is published; nil where none is, or it never was.
        var retired: Timestamp?
        var facts = OutputReview.Facts()
    }

    var name: String { Paths.name(of: path) }
    var tree: String { path + "/tree" }

    static func name(of deployment: Int, _ commit: CommitID) -> String { "\(deployment)-\(commit.short)" }
    /// What was there before the first.
    static let before = "0-before"

    /// nil where it is not there whole.
    init?(at path: String) throws {
        guard let bytes = try DurableFile.read(path + "/about.json"),
            let manifest = try DurableFile.read(path + "/manifest", limit: 1 << 30),
            let about = try? DeployJSON.decode(About.self, from: Data(bytes)), let decoded = Manifest(encoded: manifest)
        else { return nil }
        self.path = path
        self.about = about
        self.manifest = decoded
        files = Self.files(of: decoded)
    }

    /// Puts the tree in `part`, which is root's and complete, under its name. Then it is there whole, or not at all.
    static func keep(_ part: String, as path: String, about: About) throws {
        try DurableFile.write(Manifest(of: part + "/tree").encoded, to: part + "/manifest", mode: 0o600)
        try DurableFile.write(DeployJSON.encode(about, pretty: true), to: part + "/about.json", mode: 0o600)
        try DurableFile.syncFileSystem(of: part)
        try DurableFile.move(part, to: path)
    }

    func write() throws {
        try DurableFile.write(DeployJSON.encode(about, pretty: true), to: path + "/about.json", mode: 0o600)
    }

    private static func files(of manifest: Manifest) -> [String: ClientFileKind] {
        var files: [String: ClientFileKind] = [:]
        for (bytes, entry) in manifest.entries where entry.hasPrefix("file ") {
            let path = String(decoding: bytes, as: UTF8.self)
            // What stands for a file appears with it.
            var named = path
            if let original = ClientPath.original(of: path), manifest.entries[Array(original.utf8)] != nil { named = original }
            let kind = ClientPath.kind(of: named)
            if kind != .kept { files[path] = kind }
        }
        return files
    }

    /// By contents.
    func digest(of path: String) -> String? { manifest.entries[Array(path.utf8)] }
}
