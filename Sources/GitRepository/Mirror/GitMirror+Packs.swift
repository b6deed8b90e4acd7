internal import CLibgit2
internal import CLinux
internal import LinuxSystem

extension GitMirror {
    /// Every take-in adds a pack, and every lookup asks every pack: so many small ones are put together into one.
    private static let smallPacks = 48
    private static let smallBytes = 32 << 20

    /// Puts the small packs together where there are many.
    ///
    /// The new pack is synced before an old one goes, so a crash in here leaves objects twice at worst.
    func consolidatePacks(_ opened: inout Opened) throws(GitError) {
        let directory = "\(path)/objects/pack"
        var small: [String] = []
        for name in try Self.names(in: directory) where name.hasSuffix(".idx") {
            let base = String(name.dropLast(4))
            var status = stat()
            if unsafe stat("\(directory)/\(base).pack", &status) == 0, status.st_size < Self.smallBytes { small.append(base) }
        }
        guard small.count >= Self.smallPacks else { return }
        var ids: Set<ObjectID> = []
        for base in small { ids.formUnion(try ObjectStore(packIndex: "\(directory)/\(base).idx").all()) }
        // Written under a temporary name; the index, which is what makes a pack known, is renamed into place last.
        let indexer = try PackIndexer(directory: directory)
        // Whatever limits its objects were taken in with.
        var limits = IntakeLimits()
        limits.blobBytes = .max
        limits.metadataBytes = .max
        unsafe try PackWriter.write(ids.sorted(), from: opened.store, limits: limits) { part throws(GitError) in
            unsafe try indexer.append(part)
        }
        let kept = "pack-" + (try indexer.finish(expecting: ids.count))
        try Self.sync(directory: directory)
        for base in small where base != kept {
            // The index first: a pack without one is not looked at.
            for suffix in [".idx", ".pack"] {
                try attempt("cannot remove \(base)\(suffix)") { unsafe unlink("\(directory)/\(base)\(suffix)") }
            }
        }
        opened = try Opened(path: path)
    }
}
