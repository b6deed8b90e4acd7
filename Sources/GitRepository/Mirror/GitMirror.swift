internal import CLibgit2
internal import CLinux
internal import LinuxSystem

/// The daemon's own bare repository, `deployments/repo.git`: everything from "taken in" on works with it, never with the agent's.
///
/// What is in it is complete: an object is there only with all that it refers to, because a take-in is checked whole beside it and
/// arrives by one rename. Its configuration is its own; no other is read.
///
/// Every call blocks on the disk: make it from a thread of your own, never from the pool. Calls from several threads take turns.
@safe package final class GitMirror: Sendable {
    package let path: String
    let opened: Lock<Opened>
    let arrivals = Lock(Arrivals())
    /// Of a process that writes beside the daemon.
    private let hold: Hold?

    /// The handles on the open mirror; replaced whole when packs were put together.
    @safe final class Opened {
        let repository: OpaquePointer
        let store: ObjectStore

        init(path: String) throws(GitError) {
            Library.start()
            store = try ObjectStore(objects: path + "/objects")
            var found: OpaquePointer?
            let flags =
                GIT_REPOSITORY_OPEN_BARE.rawValue | GIT_REPOSITORY_OPEN_NO_SEARCH.rawValue | GIT_REPOSITORY_OPEN_NO_DOTGIT.rawValue
            try git("cannot open the mirror \(path)") { unsafe git_repository_open_ext(&found, path, flags, nil) }
            guard let found = unsafe found else { throw GitError(.system, "cannot open the mirror \(path)") }
            unsafe repository = unsafe found
        }

        deinit { unsafe git_repository_free(repository) }
    }

    /// Opens the mirror at `path`, or makes it; removes what a process that was killed in it left. For the one daemon that holds the lock of the
    /// deployments.
    package init(path: String) throws(GitError) {
        self.path = path
        hold = nil
        if unsafe access(path + "/HEAD", F_OK) != 0 || access(path + "/objects", F_OK) != 0 { try Self.create(path) }
        try Self.clearLeftovers(path)
        opened = Lock(try Opened(path: path))
    }

    /// Opens a mirror that exists, beside the process that owns it, to read: removes nothing, makes nothing, and needs no right to write.
    package init(forReading path: String) throws(GitError) {
        self.path = path
        hold = nil
        opened = Lock(try Opened(path: path))
    }

    /// Opens a mirror that exists, beside the process that owns it, to push from: removes nothing, and what it writes is left alone meanwhile.
    package init(forPushing path: String) throws(GitError) {
        self.path = path
        hold = try Self.holdForWriting(path)
        opened = Lock(try Opened(path: path))
    }

    /// Made beside its place, synced and renamed, so that a half made one is never opened. What a crash leaves of it is removed by the next call.
    private static func create(_ mirror: String) throws(GitError) {
        Library.start()
        let path = mirror + ".new"
        if unsafe access(path, F_OK) == 0 { try removeTree(path) }
        defer { if unsafe access(path, F_OK) == 0 { try? removeTree(path) } }
        var options = unsafe git_repository_init_options()
        try git("cannot make the mirror \(path)") {
            unsafe git_repository_init_options_init(&options, UInt32(GIT_REPOSITORY_INIT_OPTIONS_VERSION))
        }
        unsafe options.flags = GIT_REPOSITORY_INIT_BARE.rawValue | GIT_REPOSITORY_INIT_MKPATH.rawValue
        var made: OpaquePointer?
        try git("cannot make the mirror \(path)") { unsafe git_repository_init_ext(&made, path, &options) }
        unsafe git_repository_free(made)
        let parent = mirror.lastIndex(of: "/").map { String(mirror[..<$0]) } ?? "."
        let directory = try openFile(path, [.readOnly, .directory], or: "cannot open \(path)")
        let raw = directory.rawValue
        try attempt("cannot sync \(path)") { pinfold_syncfs(raw) }
        // Half of one by that name, of before this was done so.
        if unsafe access(mirror, F_OK) == 0 { try removeTree(mirror) }
        try attempt("cannot make the mirror \(mirror)") { unsafe rename(path, mirror) }
        try sync(directory: parent.isEmpty ? "/" : parent)
    }

    static func names(in directory: String) throws(GitError) -> [String] {
        let own = try openFile(directory, [.readOnly, .directory], or: "cannot open \(directory)")
        return (try Inside.entries(of: ".", in: own.rawValue, limit: 1_000_000) ?? []).map(\.name)
    }

    /// Names `commit` by `refs/pinfold/seen/<id>`, so that it is kept, and by `refs/pinfold/latest`, so that it need not be handed over
    /// again. Durable on return.
    package func markSeen(_ commit: ObjectID) throws(GitError) {
        try opened.withLock { opened throws(GitError) in try markSeen(commit, in: opened) }
    }

    private func markSeen(_ commit: ObjectID, in opened: Opened) throws(GitError) {
        for name in ["refs/pinfold/seen/\(commit)", "refs/pinfold/latest"] { try Self.point(name, to: commit, in: opened) }
        arrivals.withLock {
            $0.count += 1
            $0.unnamed.remove(commit)
        }
    }

    /// The same for a commit that may be here already, whole, in the same moment in which that is seen. False where it is not.
    package func markSeenIfWhole(_ commit: ObjectID) throws(GitError) -> Bool {
        try opened.withLock { opened throws(GitError) in
            guard try opened.store.header(of: commit)?.type == .commit, try isWhole(commit, in: opened) else { return false }
            try markSeen(commit, in: opened)
            return true
        }
    }

    static func point(_ name: String, to commit: ObjectID, in opened: Opened) throws(GitError) {
        var raw = commit.raw
        var reference: OpaquePointer?
        try git("cannot write the reference \(name)") {
            unsafe git_reference_create(&reference, opened.repository, name, &raw, 1, nil)
        }
        unsafe git_reference_free(reference)
    }

    /// Every commit marked as seen and not forgotten, in no order.
    package func seen() throws(GitError) -> [ObjectID] {
        try opened.withLock { opened throws(GitError) in
            var iterator: OpaquePointer?
            try git("cannot list the references") {
                unsafe git_reference_iterator_glob_new(&iterator, opened.repository, "refs/pinfold/seen/*")
            }
            defer { unsafe git_reference_iterator_free(iterator) }
            var result: [ObjectID] = []
            var name: UnsafePointer<CChar>?
            while true {
                let code = unsafe git_reference_next_name(&name, iterator)
                if code == GIT_ITEROVER.rawValue { return result }
                try git("cannot list the references") { code }
                guard let name = unsafe name else { continue }
                if let id = ObjectID(String(unsafe String(cString: name).dropFirst("refs/pinfold/seen/".count))) {
                    result.append(id)
                }
            }
        }
    }

    /// The commit that was marked as seen last; nil where none was.
    package func latest() throws(GitError) -> ObjectID? {
        try opened.withLock { opened throws(GitError) in
            var id = git_oid()
            let code = unsafe git_reference_name_to_id(&id, opened.repository, "refs/pinfold/latest")
            if code == GIT_ENOTFOUND.rawValue { return nil }
            try git("cannot read refs/pinfold/latest") { code }
            return ObjectID(id)
        }
    }

    /// Removes the name given by `markSeen`. The objects stay.
    package func forget(_ commit: ObjectID) throws(GitError) {
        try opened.withLock { opened throws(GitError) in
            let name = "refs/pinfold/seen/\(commit)"
            let code = unsafe git_reference_remove(opened.repository, name)
            if code != GIT_ENOTFOUND.rawValue { try git("cannot remove the reference \(name)") { code } }
        }
    }

    package func contains(_ commit: ObjectID) throws(GitError) -> Bool {
        try opened.withLock { opened throws(GitError) in try opened.store.header(of: commit)?.type == .commit }
    }

    package func summary(of commit: ObjectID) throws(GitError) -> CommitSummary {
        try opened.withLock { opened throws(GitError) in try opened.store.commit(commit) }
    }

    /// Whether `ancestor` is `descendant` or is reached from it through parents.
    package func isAncestor(_ ancestor: ObjectID, of descendant: ObjectID) throws(GitError) -> Bool {
        if ancestor == descendant { return true }
        return try opened.withLock { opened throws(GitError) in
            var one = descendant.raw
            var other = ancestor.raw
            return try git("cannot compare \(descendant) with \(ancestor)") {
                unsafe git_graph_descendant_of(opened.repository, &one, &other)
            } == 1
        }
    }

    /// The commits that are reached from `tip` and not from `base`, newest first, at most `limit`.
    package func commits(from base: ObjectID?, to tip: ObjectID, limit: Int) throws(GitError) -> [ObjectID] {
        try opened.withLock { opened throws(GitError) in
            var walk: OpaquePointer?
            try git("cannot walk the history") { unsafe git_revwalk_new(&walk, opened.repository) }
            defer { unsafe git_revwalk_free(walk) }
            unsafe git_revwalk_sorting(walk, GIT_SORT_TOPOLOGICAL.rawValue | GIT_SORT_TIME.rawValue)
            var start = tip.raw
            try git("cannot walk the history from \(tip)") { unsafe git_revwalk_push(walk, &start) }
            if let base {
                var end = base.raw
                try git("cannot leave out \(base)") { unsafe git_revwalk_hide(walk, &end) }
            }
            var result: [ObjectID] = []
            var next = git_oid()
            while result.count < limit {
                let code = unsafe git_revwalk_next(&next, walk)
                if code == GIT_ITEROVER.rawValue { break }
                try git("cannot walk the history from \(tip)") { code }
                result.append(ObjectID(next))
            }
            return result
        }
    }

    /// The size of one file, in bytes, without reading it.
    package func size(of blob: ObjectID) throws(GitError) -> Int {
        try opened.withLock { opened throws(GitError) in
            guard let header = try opened.store.header(of: blob), header.type == .blob else {
                throw GitError(.notFound, "there is no file \(blob)")
            }
            return header.size
        }
    }

    /// The bytes of one file. It was within the limit of the day when it was taken in.
    package func contents(of blob: ObjectID, limit: Int = .max) throws(GitError) -> [UInt8] {
        try opened.withLock { opened throws(GitError) in try opened.store.content(of: blob, type: .blob, limit: limit) }
    }
}
