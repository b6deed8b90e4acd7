internal import CLibgit2
internal import LinuxSystem

package struct DiffText: Hashable, Sendable {
    package let bytes: [UInt8]
    package let isTruncated: Bool
}

extension GitMirror {
    /// The unified diff from `base` (nil: from nothing), cut at `byteLimit`; bytes, since files are: escape them before a terminal sees them.
    /// Files above a MiB are shown as binary.
    package func diffText(from base: ObjectID?, to commit: ObjectID, byteLimit: Int = 1 << 20) throws(GitError) -> DiffText {
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
            var diff: OpaquePointer?
            try git("cannot compare with \(commit)") {
                unsafe git_diff_tree_to_tree(&diff, opened.repository, old ?? nil, new, &options)
            }
            defer { unsafe git_diff_free(diff) }
            let sink = DiffSink(limit: byteLimit)
            let code = withExtendedLifetime(sink) {
                unsafe git_diff_print(
                    diff, GIT_DIFF_FORMAT_PATCH,
                    { _, _, line, payload in
                        guard let line = unsafe line?.pointee, let payload = unsafe payload else { return -1 }
                        return unsafe Unmanaged<DiffSink>.fromOpaque(payload).takeUnretainedValue().add(line)
                            ? 0 : GIT_EUSER.rawValue
                    }, Unmanaged.passUnretained(sink).toOpaque())
            }
            if !sink.isFull { try git("cannot show the difference to \(commit)") { code } }
            return DiffText(bytes: sink.bytes, isTruncated: sink.isFull)
        }
    }

    private static func tree(of commit: ObjectID, in opened: Opened) throws(GitError) -> OpaquePointer? {
        var raw = try opened.store.commit(commit).tree.raw
        var tree: OpaquePointer?
        try git("cannot read the tree of \(commit)") { unsafe git_tree_lookup(&tree, opened.repository, &raw) }
        return unsafe tree
    }
}

private final class DiffSink {
    private let limit: Int
    private(set) var bytes: [UInt8] = []
    private(set) var isFull = false

    init(limit: Int) { self.limit = limit }

    func add(_ line: git_diff_line) -> Bool {
        let origin = UInt8(bitPattern: unsafe line.origin)
        if [UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: " ")].contains(origin) { bytes.append(origin) }
        let content = unsafe UnsafeRawBufferPointer(start: line.content, count: line.content_len)
        let room = limit - bytes.count
        unsafe bytes.append(contentsOf: content.prefix(max(room, 0)))
        isFull = content.count > room
        return !isFull
    }
}
