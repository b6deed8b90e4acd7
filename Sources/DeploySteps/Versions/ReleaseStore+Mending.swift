internal import DeployModel
internal import DurableFiles
internal import GitRepository

extension ReleaseStore {
    /// Puts back from the mirror what the version's commit had, before it is gone back to: releases share the files that are the same in them, and
    /// where a server, or somebody with an editor, has written into one, every release that has it is changed.
    ///
    /// Never for a release that is being served from. A crash leaves some of them put back; the next call goes on.
    /// - Returns: how many files were put back.
    /// - Parameter reading: whether every file is read, and not only those that somebody has written into as far as can be seen.
    func mend(_ release: String, from mirror: GitMirror, reading: Bool = false) throws -> Int {
        let path = ReleaseRecord.path(of: release)
        guard var kept = try ReleaseRecord.read(path), let record = kept.files else { return 0 }
        var there: [[UInt8]: DurableFiles.TreeEntry] = [:]
        for entry in try Tree.entries(release) { there[entry.path] = entry }
        let overlay = Overlay(root: release, owner: (0, 0))
        var count = 0
        let contents = reading ? try Manifest(of: release) : nil
        for (path, known) in record.entries {
            if let entry = there[path], entry.kind == .file,
                known.isUnchanged(inode: entry.inode, size: entry.size, modified: entry.modified, mode: 0o100000 | entry.mode),
                contents == nil || contents?.entries[path] == Manifest.line(known)
            {
                continue
            }
            // A new file by that name: what the others share with the old one is not written into.
            try overlay.put(path, contents: mirror.contents(of: known.blob), mode: known.permissions)
            count += 1
        }
        guard count > 0 else { return 0 }
        try DurableFile.syncFileSystem(of: release)
        kept.files = record.restamped(try Tree.entries(release))
        try kept.write(to: path)
        return count
    }
}
