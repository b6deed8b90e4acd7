internal import CLibgit2

/// Writes a pack that arrives in parts into a directory, with its index, computing every object's id from its content.
///
/// libgit2 never makes an object whole for this: what it reads is inflated and hashed in parts. Deltas are refused, for they would be
/// made whole.
@safe final class PackIndexer {
    private let indexer: OpaquePointer
    /// libgit2 counts in it from the first part to the end: one address for all that time.
    private let progress: UnsafeMutablePointer<git_indexer_progress>

    init(directory: String) throws(GitError) {
        Library.start()
        var options = unsafe git_indexer_options()
        try git("cannot index a pack") { unsafe git_indexer_options_init(&options, UInt32(GIT_INDEXER_OPTIONS_VERSION)) }
        var made: OpaquePointer?
        try git("cannot index a pack in \(directory)") { unsafe git_indexer_new(&made, directory, 0o444, nil, &options) }
        guard let made = unsafe made else { throw GitError(.system, "cannot index a pack") }
        unsafe indexer = unsafe made
        unsafe progress = UnsafeMutablePointer.allocate(capacity: 1)
        unsafe progress.initialize(to: git_indexer_progress())
    }

    deinit {
        unsafe git_indexer_free(indexer)
        unsafe progress.deallocate()
    }

    func append(_ part: UnsafeRawBufferPointer) throws(GitError) {
        try git("the pack that was handed over cannot be read") {
            unsafe git_indexer_append(indexer, part.baseAddress, part.count, progress)
        }
    }

    /// Finishes pack and index, synced.
    /// - Returns: the name that both have after `pack-`.
    func finish(expecting objects: Int) throws(GitError) -> String {
        let counted = unsafe progress.pointee
        guard counted.total_objects == UInt32(clamping: objects), counted.received_objects == counted.total_objects else {
            throw GitError(
                .corrupt, "the pack that was handed over ends early: \(counted.received_objects) of \(objects) objects")
        }
        // What could be read without another object has been hashed; the rest are deltas.
        guard counted.indexed_objects == counted.total_objects else {
            throw GitError(.hostile, "the pack that was handed over holds deltas, which pinfold-git never writes")
        }
        try git("the pack that was handed over is damaged") { unsafe git_indexer_commit(indexer, progress) }
        guard let name = unsafe git_indexer_name(indexer) else {
            throw GitError(.corrupt, "the pack that was handed over has no name")
        }
        return unsafe String(cString: name)
    }
}
