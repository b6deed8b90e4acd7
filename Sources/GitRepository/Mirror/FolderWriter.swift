internal import CLinux
internal import LinuxSystem
internal import SystemPackage

/// What was made of files so far.
struct Written: Sendable {
    var record = ExportRecord()
    var shared = 0

    mutating func add(_ other: Written) {
        record.entries.merge(other.record.entries) { $1 }
        shared += other.shared
    }
}

/// Fills directories of an export that exist already: one thread's share of them.
struct FolderWriter {
    let root: Int32
    let store: ObjectStore
    let limits: IntakeLimits
    /// What files may be shared with, open, and what is known of it.
    let base: (root: Int32, record: ExportRecord)?
    let digest: ContentDigest
    /// Whether each file that is written is synced at once.
    let syncing: Bool
    private(set) var written = Written()

    init(
        root: Int32, store: ObjectStore, limits: IntakeLimits, base: (root: Int32, record: ExportRecord)?,
        digest: @escaping ContentDigest, syncing: Bool
    ) {
        self.root = root
        self.store = store
        self.limits = limits
        self.base = base
        self.digest = digest
        self.syncing = syncing
    }

    mutating func write(_ folder: ExportPlan.Folder) throws(GitError) {
        let directory = try ExportPlan.open(folder.path[...], in: root)
        let raw = directory.rawValue
        let prefix = folder.path.isEmpty ? [] : folder.path + [UInt8(ascii: "/")]
        guard let base, let below = try? ExportPlan.open(folder.path[...], in: base.root) else {
            for file in folder.files { try write(file, at: prefix + file.name, in: raw) }
            return
        }
        for file in folder.files {
            let path = prefix + file.name
            if let known = base.record.entries[path], known.blob == file.id, known.isExecutable == file.isExecutable,
                share(file.name, known, from: below.rawValue, to: raw)
            {
                written.record.entries[path] = known
                written.shared += 1
            } else {
                try write(file, at: path, in: raw)
            }
        }
    }

    /// False where the file is not what was written, or cannot have one more name: then it is written anew.
    private func share(_ name: [UInt8], _ known: ExportRecord.Entry, from base: Int32, to directory: Int32) -> Bool {
        unsafe withCPath(name[...]) { name in
            var status = stat()
            guard unsafe fstatat(base, name, &status, pinfold_AT_SYMLINK_NOFOLLOW) == 0, known.isUnchanged(status) else {
                return false
            }
            return unsafe linkat(base, name, directory, name, 0) == 0
        }
    }

    private mutating func write(_ file: ExportPlan.File, at path: [UInt8], in directory: Int32) throws(GitError) {
        func name() -> String { TreePath(bytes: path).description }
        let made = Descriptor(
            owning: try attempt("cannot make \(name())") {
                unsafe withCPath(file.name[...]) {
                    unsafe pinfold_openat(directory, $0, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
                }
            })
        let target = made.rawValue
        let digest = self.digest
        let (sum, standIn) = unsafe try store.withContent(of: file.id, type: .blob, limit: limits.blobBytes) {
            content throws(GitError) in
            var done = 0
            while done < content.count {
                done += try attempt("cannot write \(name())") {
                    unsafe CLinux.write(target, content.baseAddress.map { unsafe $0 + done }, content.count - done)
                }
            }
            return (digest(unsafe content.bytes), StandIn(file: file.name, content: unsafe content.bytes))
        }
        try attempt("cannot set the mode of \(name())") { fchmod(target, file.isExecutable ? 0o755 : 0o644) }
        if syncing { try attempt("cannot sync \(name())") { pinfold_fsync(target) } }
        var status = stat()
        try attempt("cannot look at \(name())") { unsafe fstat(target, &status) }
        written.record.entries[path] = ExportRecord.Entry(
            status, blob: file.id, isExecutable: file.isExecutable, standIn: standIn, digest: sum)
    }
}
