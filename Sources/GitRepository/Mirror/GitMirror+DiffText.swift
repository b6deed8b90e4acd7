internal import CLibgit2
internal import LinuxSystem

extension GitMirror {
    /// Writes the unified diff from `base` (nil: from nothing) to a descriptor as it comes: at most `byteLimit` bytes, and one more where there
    /// would be more. Bytes as they are in the files; files above a MiB are shown as binary.
    ///
    /// How long it takes, and how much memory, is up to who wrote the files: this is for a process of its own with limits, which is what
    /// `pinfold-git diff` is.
    package func writeDiff(
        from base: ObjectID?, to commit: ObjectID, context: Int = 3, byteLimit: Int, to output: Int32
    ) throws(GitError) {
        for id in [base, commit].compactMap(\.self) where try !contains(id) {
            throw GitError(.notFound, "there is no commit \(id)")
        }
        // Refuses what would never end.
        for id in [base, commit].compactMap(\.self) { try checkSize(of: id) }
        try opened.withLock { opened throws(GitError) in
            let old = unsafe try base.map { base throws(GitError) in unsafe try Self.tree(of: base, in: opened) }
            let new = unsafe try Self.tree(of: commit, in: opened)
            defer {
                unsafe git_tree_free(old ?? nil)
                unsafe git_tree_free(new)
            }
            var options = unsafe git_diff_options()
            try git("cannot compare") { unsafe git_diff_options_init(&options, UInt32(GIT_DIFF_OPTIONS_VERSION)) }
            unsafe options.max_size = 1 << 20
            unsafe options.context_lines = UInt32(clamping: context)
            var diff: OpaquePointer?
            try git("cannot compare with \(commit)") {
                unsafe git_diff_tree_to_tree(&diff, opened.repository, old ?? nil, new, &options)
            }
            defer { unsafe git_diff_free(diff) }
            unsafe try Self.findRenames(in: diff, opened)
            let sink = DiffSink(limit: byteLimit + 1, output: output)
            let code = withExtendedLifetime(sink) {
                unsafe git_diff_print(
                    diff, GIT_DIFF_FORMAT_PATCH,
                    { _, _, line, payload in
                        guard let line = unsafe line?.pointee, let payload = unsafe payload else { return -1 }
                        return unsafe Unmanaged<DiffSink>.fromOpaque(payload).takeUnretainedValue().add(line)
                            ? 0 : GIT_EUSER.rawValue
                    }, Unmanaged.passUnretained(sink).toOpaque())
            }
            if let error = sink.error { throw error }
            if !sink.isFull { try git("cannot show the difference to \(commit)") { code } }
            try sink.flush()
        }
    }

    /// How many pairs of a file that went and one that came are compared, and how many bytes they have in sum: how long that takes is up to who made
    /// the commit. Beyond it only a file that moved unchanged is found.
    private static let (mostPairs, mostBytes) = (40_000, 32 << 20)

    private static func findRenames(in diff: OpaquePointer?, _ opened: Opened) throws(GitError) {
        var (gone, come, bytes) = (0, 0, 0)
        var database: OpaquePointer?
        try git("cannot read objects") { unsafe git_repository_odb(&database, opened.repository) }
        defer { unsafe git_odb_free(database) }
        for index in 0..<(unsafe git_diff_num_deltas(diff)) {
            guard let delta = unsafe git_diff_get_delta(diff, index) else { continue }
            var id: git_oid
            switch unsafe delta.pointee.status {
            case GIT_DELTA_DELETED:
                gone += 1
                id = unsafe delta.pointee.old_file.id
            case GIT_DELTA_ADDED:
                come += 1
                id = unsafe delta.pointee.new_file.id
            default: continue
            }
            var (length, kind) = (0, GIT_OBJECT_ANY)
            // A submodule's commit is nobody's object here.
            if unsafe git_odb_read_header(&length, &kind, database, &id) == 0 { bytes += length }
        }
        guard gone > 0, come > 0 else { return }
        var options = unsafe git_diff_find_options()
        try git("cannot compare") { unsafe git_diff_find_options_init(&options, UInt32(GIT_DIFF_FIND_OPTIONS_VERSION)) }
        let isExact = gone * come > mostPairs || bytes > mostBytes
        unsafe options.flags = GIT_DIFF_FIND_RENAMES.rawValue | (isExact ? GIT_DIFF_FIND_EXACT_MATCH_ONLY.rawValue : 0)
        unsafe options.rename_limit = 1000
        try git("cannot look for renames") { unsafe git_diff_find_similar(diff, &options) }
    }

    private static func tree(of commit: ObjectID, in opened: Opened) throws(GitError) -> OpaquePointer? {
        var raw = try opened.store.commit(commit).tree.raw
        var tree: OpaquePointer?
        try git("cannot read the tree of \(commit)") { unsafe git_tree_lookup(&tree, opened.repository, &raw) }
        return unsafe tree
    }
}

private final class DiffSink {
    private let output: Int32
    private var left: Int
    private var pending: [UInt8] = []
    private(set) var error: GitError?

    init(limit: Int, output: Int32) {
        left = limit
        self.output = output
    }

    var isFull: Bool { left == 0 }

    /// Whether more is wanted.
    func add(_ line: git_diff_line) -> Bool {
        let origin = UInt8(bitPattern: unsafe line.origin)
        if [UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: " ")].contains(origin), left > 0 {
            pending.append(origin)
            left -= 1
        }
        let content = unsafe UnsafeRawBufferPointer(start: line.content, count: line.content_len)
        unsafe pending.append(contentsOf: content.prefix(left))
        left -= min(left, content.count)
        do throws(GitError) {
            // Often enough that what there is is seen where this process is ended.
            if pending.count >= 1 << 14 { try flush() }
        } catch {
            self.error = error
            return false
        }
        return left > 0
    }

    func flush() throws(GitError) {
        try PackExport.write(pending, to: output)
        pending.removeAll(keepingCapacity: true)
    }
}
