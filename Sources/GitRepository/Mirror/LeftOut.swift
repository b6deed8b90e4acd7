internal import CLinux
internal import LinuxSystem

/// Files of the history that are not taken in because they are larger than one file may be: by id, with their size.
///
/// Each commit that is deployed is in the mirror with all of its own files. Of the commits before it some may lack those here: a file that was
/// committed by mistake and taken out again stays in the history, and would block the branch for good.
enum LeftOut {
    /// At most so many at once.
    static let most = 10_000
    /// At most so many in all: the list is read whole each time.
    static let mostInAll = 100_000

    static func refusal(_ path: TreePath, _ size: Int, limits: IntakeLimits) -> GitError {
        GitError(
            .tooLarge, "the file \(path) has \(size) bytes; at most \(limits.blobBytes) are taken in (AGENT_DEPLOY_FILE_LIMIT)")
    }

    static func lines(_ files: [ObjectID: Int]) -> String {
        files.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)\n" }.joined()
    }

    /// nil where it is not such a line.
    static func parse(_ line: some StringProtocol) -> (id: ObjectID, size: Int)? {
        let words = line.split(separator: " ")
        guard words.count == 2, let id = ObjectID(String(words[0])), let size = Int(words[1]), size > 0 else { return nil }
        return (id, size)
    }
}

extension GitMirror {
    private static let leftOutName = "left-out"

    /// Whether a file of the history is missing that would be taken in now: then nothing is taken for being here already.
    package func lacksFiles(within limits: IntakeLimits) throws(GitError) -> Bool {
        try opened.withLock { _ throws(GitError) in try leftOut().contains { $0.value <= limits.blobBytes } }
    }

    /// Whether every file of the commit is here; only a commit that came along with a later one may lack some.
    func isWhole(_ commit: ObjectID, in opened: Opened) throws(GitError) -> Bool {
        let missing = try leftOut()
        guard !missing.isEmpty else { return true }
        var walk = TreeWalk(try opened.store.commit(commit).tree, in: opened.store, limits: IntakeLimits())
        while let item = try walk.next() {
            if missing[item.entry.id] != nil { return false }
        }
        return true
    }

    /// What the mirror lacks, from `repo.git/left-out`.
    func leftOut() throws(GitError) -> [ObjectID: Int] {
        guard let bytes = try noted(in: Self.leftOutName) else { return [:] }
        var result: [ObjectID: Int] = [:]
        for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n") {
            guard let (id, size) = LeftOut.parse(line) else { throw GitError(.corrupt, "\(path)/\(Self.leftOutName) is damaged") }
            result[id] = size
        }
        return result
    }

    /// A small file of the mirror's own; nil where it is not there.
    func noted(in name: String) throws(GitError) -> [UInt8]? {
        let directory = try openFile(path, [.readOnly, .directory], or: "cannot open \(path)")
        return try Inside.read(name, in: directory.rawValue, limit: 16 << 20)
    }

    /// Before what refers to them is added: a crash in between leaves a name too many, which costs a look at a tree.
    func leaveOut(_ files: [ObjectID: Int]) throws(GitError) { try note(LeftOut.lines(files), in: Self.leftOutName) }

    /// Writes a small file of the mirror's own, durably.
    func note(_ text: String, in name: String) throws(GitError) {
        let list = path + "/" + name
        // Swept away by the next start where a crash leaves it.
        let temporary = list + ".lock"
        let file = try openFile(temporary, [.writeOnly, .create, .truncate, .noFollow], mode: 0o644, or: "cannot write \(list)")
        let raw = file.rawValue
        try PackExport.write(Array(text.utf8), to: raw)
        try attempt("cannot sync \(list)") { pinfold_fsync(raw) }
        try attempt("cannot write \(list)") { unsafe rename(temporary, list) }
        try Self.sync(directory: path)
    }
}
