internal import CLibgit2
internal import CLinux
internal import LinuxSystem
internal import SystemPackage

/// Hands over commits of an untrusted repository: one line of text, then a pack with every object that is reached from the tip and
/// not from what the other side has. Runs as that repository's user, confined; the other side believes nothing of it.
///
/// The pack holds whole objects, never deltas: see `PackWriter`.
package struct PackExport {
    package enum Tip {
        case branch(String)
        case commit(ObjectID)
    }

    /// `pinfold-pack 1 <commit> <objects>`: what the pack is preceded by. With no objects nothing follows. Where files of the history are left out,
    /// their number comes behind, and then a line for each, `<id> <size>`, before the pack.
    package static func header(tip: ObjectID, objects: Int, leftOut: [ObjectID: Int] = [:]) -> String {
        let line = "pinfold-pack 1 \(tip) \(objects)"
        if leftOut.isEmpty { return line + "\n" }
        return line + " \(leftOut.count)\n" + LeftOut.lines(leftOut)
    }

    private let repository: String
    private let limits: IntakeLimits

    package init(repository: String, limits: IntakeLimits = IntakeLimits()) {
        self.repository = repository
        self.limits = limits
    }

    /// Writes to `output` and returns when all of it is written.
    package func write(_ tip: Tip, without haves: [ObjectID], to output: Int32) throws(GitError) {
        let directory = try GitDirectory(of: repository)
        try directory.inspect()
        let id: ObjectID
        switch tip {
        case .commit(let commit): id = commit
        case .branch(let name):
            guard let found = try directory.commit(ofBranch: name) else {
                throw GitError(.notFound, "\(repository) has no branch \(name)")
            }
            id = found
        }
        if haves.contains(id) {
            try Self.write(Array(Self.header(tip: id, objects: 0).utf8), to: output)
            return
        }
        let store = try ObjectStore(objects: repository + "/.git/objects")
        guard try store.header(of: id)?.type == .commit else { throw GitError(.notFound, "\(repository) has no commit \(id)") }
        var collection = NewObjects(store: store, limits: limits)
        for commit in try Self.commits(from: id, without: haves, in: store, limit: limits.objects) { try collection.add(commit) }
        try collection.checkWhole(id)
        let header = Self.header(tip: id, objects: collection.ids.count, leftOut: collection.leftOut)
        try Self.write(Array(header.utf8), to: output)
        let sink = PackSink(output: output, limit: limits.packBytes)
        unsafe try PackWriter.write(collection.ids, from: store, limits: limits) { part throws(GitError) in
            unsafe try sink.write(part)
        }
        try sink.flush()
    }

    /// Parents before children, by git's own walk.
    private static func commits(
        from tip: ObjectID, without haves: [ObjectID], in store: ObjectStore, limit: Int
    ) throws(GitError) -> [ObjectID] {
        var repository: OpaquePointer?
        try git("cannot walk the history") { unsafe git_repository_wrap_odb(&repository, store.odb) }
        defer { unsafe git_repository_free(repository) }
        var walk: OpaquePointer?
        try git("cannot walk the history") { unsafe git_revwalk_new(&walk, repository) }
        defer { unsafe git_revwalk_free(walk) }
        unsafe git_revwalk_sorting(walk, GIT_SORT_TOPOLOGICAL.rawValue | GIT_SORT_REVERSE.rawValue)
        var start = tip.raw
        try git("cannot walk the history from \(tip)") { unsafe git_revwalk_push(walk, &start) }
        // What the other side has may have been removed here by a rewrite and a gc: then there is nothing to leave out.
        for have in haves where store.contains(have) {
            var raw = have.raw
            try git("cannot leave out \(have)") { unsafe git_revwalk_hide(walk, &raw) }
        }
        var result: [ObjectID] = []
        var next = git_oid()
        while true {
            let code = unsafe git_revwalk_next(&next, walk)
            if code == GIT_ITEROVER.rawValue { return result }
            try git("cannot walk the history from \(tip)") { code }
            result.append(ObjectID(next))
            guard result.count <= limit else { throw GitError(.tooLarge, "the branch has more than \(limit) commits to take in") }
        }
    }

    /// Writes all of it.
    package static func write(_ bytes: [UInt8], to output: Int32) throws(GitError) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = try attempt("the answer cannot be handed over") {
                unsafe rest.withUnsafeBytes { unsafe CLinux.write(output, $0.baseAddress, $0.count) }
            }
            rest = rest.dropFirst(count)
        }
    }
}

/// Where the pack's bytes go, in parts of a quarter of a MiB: they come a few at a time.
private final class PackSink {
    private let output: Int32
    private let limit: Int
    private var written = 0
    private var pending: [UInt8] = []

    init(output: Int32, limit: Int) {
        self.output = output
        self.limit = limit
        pending.reserveCapacity(1 << 18)
    }

    func write(_ bytes: UnsafeRawBufferPointer) throws(GitError) {
        written += bytes.count
        guard written <= limit else { throw GitError(.tooLarge, "the pack is larger than \(limit) bytes") }
        unsafe pending.append(contentsOf: bytes)
        if pending.count >= 1 << 18 { try flush() }
    }

    func flush() throws(GitError) {
        try PackExport.write(pending, to: output)
        pending.removeAll(keepingCapacity: true)
    }
}
