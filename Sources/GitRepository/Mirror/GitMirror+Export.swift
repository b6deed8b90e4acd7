internal import CLinux
internal import LinuxSystem
internal import SystemPackage

/// What an export wrote.
package struct Export: Hashable, Sendable {
    package let tree: ObjectID
    package let files: Int
    package let bytes: Int
    /// How many of the files are those of the base.
    package let shared: Int
    package let record: ExportRecord
    /// What in it stands for something else, by path.
    package let standIns: [StandInFile]
}

/// An earlier export whose files the next one may share.
package struct ExportBase: Sendable {
    let directory: String
    let record: ExportRecord

    package init(directory: String, record: ExportRecord) {
        self.directory = directory
        self.record = record
    }
}

/// The SHA-256 of some bytes: 32 of them.
package typealias ContentDigest = @Sendable (RawSpan) -> [UInt8]

extension GitMirror {
    /// Writes the commit's tree into `directory`, which must not exist; its parent must, and only root may be able to write there.
    ///
    /// Files are 0644 or 0755, directories 0755, owned by the caller, without filters and line-end conversion: the bytes that were
    /// committed. A submodule is an empty directory. A symbolic link that leads out of the tree is an error before anything is written.
    /// All of it is synced when this returns. A crash leaves a part of the directory, which the caller removes.
    ///
    /// - Parameter base: files that are the same in it, and that nobody has touched since they were written, become hard links to it: a
    ///   change of one file then costs one file. What is shared must only be replaced, never written into; where somebody does that all
    ///   the same, the next export sees it by the time of modification and writes its own.
    package func export(
        _ commit: ObjectID, to directory: String, sharing base: ExportBase? = nil, limits: IntakeLimits = IntakeLimits(),
        digest: @escaping ContentDigest
    ) throws(GitError) -> Export {
        try opened.withLock { opened throws(GitError) in
            let tree = try opened.store.commit(commit).tree
            let plan = try ExportPlan(tree: tree, store: opened.store, limits: limits, base: base?.record)
            try attempt("cannot make \(directory)") { unsafe mkdir(directory, 0o755) }
            let root = try openFile(directory, [.readOnly, .directory, .noFollow], or: "cannot open \(directory)")
            let raw = root.rawValue
            try attempt("cannot set the mode of \(directory)") { fchmod(raw, 0o755) }
            try plan.makeDirectories(in: raw)
            // Without a base, the new directory itself: nothing is taken from it.
            let shared = base?.directory ?? directory
            let baseRoot = try openFile(shared, [.readOnly, .directory, .noFollow], or: "cannot open \(shared)")
            let baseRaw = baseRoot.rawValue
            let written = try plan.writeFiles(
                in: raw, objects: path + "/objects", limits: limits, base: base.map { (baseRaw, $0.record) }, digest: digest)
            try plan.makeLinks(in: raw)
            if plan.isSmallChange {
                // Only what this export has made: `syncfs` would wait for what everybody else on the machine has written.
                try plan.syncDirectories(in: raw)
                if let slash = directory.utf8.lastIndex(of: UInt8(ascii: "/")) {
                    try Self.sync(directory: slash == directory.startIndex ? "/" : String(directory[..<slash]))
                }
            } else {
                // One for all: a fsync a file took longer than writing them.
                try attempt("cannot sync \(directory)") { pinfold_syncfs(raw) }
            }
            let standIns = written.record.entries.compactMap { path, entry in
                entry.standIn.map { StandInFile(path: TreePath(bytes: path), kind: $0) }
            }
            return Export(
                tree: tree, files: plan.fileCount, bytes: plan.bytes, shared: written.shared, record: written.record,
                standIns: (standIns + plan.standIns).sorted())
        }
    }
}
