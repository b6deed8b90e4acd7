internal import CLinux
internal import LinuxSystem
internal import SystemPackage

/// A tree as the directories, files and links to be made, in an order in which each finds its directory.
struct ExportPlan: Sendable {
    struct File: Sendable {
        let name: [UInt8]
        let id: ObjectID
        let isExecutable: Bool
    }

    struct Folder: Sendable {
        let path: [UInt8]
        var files: [File] = []
    }

    /// The root first.
    private var folders: [Folder] = [Folder(path: [])]
    private var links: [[UInt8]: [UInt8]] = [:]
    /// Submodules, and links that stand for files: of files only their content tells.
    private(set) var standIns: [StandInFile] = []
    private(set) var fileCount = 0
    private(set) var bytes = 0
    /// How many files the base does not have.
    private var newFiles = 0

    /// Whether syncing each new file costs less than syncing the whole file system.
    var isSmallChange: Bool { newFiles <= 500 }

    init(tree: ObjectID, store: ObjectStore, limits: IntakeLimits, base: ExportRecord?) throws(GitError) {
        var index: [[UInt8]: Int] = [[]: 0]
        var links: [[UInt8]: ObjectID] = [:]
        var walk = TreeWalk(tree, in: store, limits: limits)
        while let item = try walk.next() {
            switch item.entry.mode {
            case .directory, .submodule:
                if item.entry.mode == .submodule {
                    standIns.append(StandInFile(path: TreePath(bytes: item.path), kind: .submodule))
                }
                index[item.path] = folders.count
                folders.append(Folder(path: item.path))
            case .symbolicLink: links[item.path] = item.entry.id
            case .regular, .executable:
                if let known = base?.entries[item.path], known.blob == item.entry.id {
                    bytes += Int(known.size)
                } else {
                    guard let header = try store.header(of: item.entry.id) else {
                        throw GitError(
                            .corrupt, "the file \(TreePath(bytes: item.path)) (\(item.entry.id)) is missing from the mirror")
                    }
                    bytes += header.size
                    newFiles += 1
                }
                fileCount += 1
                guard bytes <= limits.treeBytes else {
                    throw GitError(.tooLarge, "the commit's files have more than \(limits.treeBytes) bytes")
                }
                let parent = item.path.dropLast(item.entry.name.count + (item.path.count > item.entry.name.count ? 1 : 0))
                // Its directory was visited before it.
                guard let folder = index[Array(parent)] else { throw GitError(.corrupt, "tree \(tree) is out of order") }
                folders[folder].files.append(
                    File(name: item.entry.name, id: item.entry.id, isExecutable: item.entry.mode == .executable))
            }
        }
        var linkBytes = 0
        for (path, id) in links {
            let target = try store.content(of: id, type: .blob, limit: 4095)
            linkBytes += target.count
            guard linkBytes <= limits.pathBytes else {
                throw GitError(.tooLarge, "the commit's symbolic links hold more than \(limits.pathBytes >> 20) MiB together")
            }
            self.links[path] = target
            if let kind = StandIn(link: target) { standIns.append(StandInFile(path: TreePath(bytes: path), kind: kind)) }
        }
        fileCount += links.count
        try LinkResolver(links: self.links, workLimit: limits.linkWork).check()
    }

    func makeDirectories(in root: Int32) throws(GitError) {
        for folder in folders.dropFirst() {
            let name = TreePath(bytes: folder.path)
            let (parent, last) = split(folder.path)
            let directory = try open(parent, in: root)
            let raw = directory.rawValue
            try attempt("cannot make \(name)") { unsafe withCPath(last) { unsafe mkdirat(raw, $0, 0o755) } }
            // Whatever the umask is.
            try attempt("cannot set the mode of \(name)") { unsafe withCPath(last) { unsafe fchmodat(raw, $0, 0o755, 0) } }
        }
    }

    /// Two threads, each with its own handle on the objects: inflating and hashing take longer than writing.
    func writeFiles(
        in root: Int32, objects: String, limits: IntakeLimits, base: (root: Int32, record: ExportRecord)?,
        digest: @escaping ContentDigest
    ) throws(GitError) -> Written {
        let next = Lock(0)
        let outcome = Lock<(written: Written, error: GitError?)>((Written(), nil))
        let busy = folders.filter { !$0.files.isEmpty }
        // A directory with very many files would keep one thread busy alone.
        let batches = busy.flatMap { folder in
            stride(from: 0, to: folder.files.count, by: 256).map { start in
                Folder(path: folder.path, files: Array(folder.files[start..<min(start + 256, folder.files.count)]))
            }
        }
        runInParallel(threads: fileCount > 200 ? 2 : 1) {
            do throws(GitError) {
                var writer = FolderWriter(
                    root: root, store: try ObjectStore(objects: objects), limits: limits, base: base, digest: digest,
                    syncing: isSmallChange)
                while true {
                    let turn = next.withLock { value in
                        defer { value += 1 }
                        return value
                    }
                    guard turn < batches.count, outcome.withLock({ $0.error }) == nil else { break }
                    try writer.write(batches[turn])
                }
                let written = writer.written
                outcome.withLock { $0.written.add(written) }
            } catch {
                outcome.withLock { $0.error = $0.error ?? error }
            }
        }
        let (written, error) = outcome.withLock { $0 }
        if let error { throw error }
        return written
    }

    /// The names in each new directory.
    func syncDirectories(in root: Int32) throws(GitError) {
        for folder in folders.reversed() {
            let directory = try Self.open(folder.path[...], in: root)
            let raw = directory.rawValue
            try attempt("cannot sync \(TreePath(bytes: folder.path))") { pinfold_fsync(raw) }
        }
    }

    /// Last, so that no directory is ever reached through one.
    func makeLinks(in root: Int32) throws(GitError) {
        for (path, target) in links {
            let (parent, last) = split(path)
            let directory = try Self.open(parent, in: root)
            let raw = directory.rawValue
            try attempt("cannot make the symbolic link \(TreePath(bytes: path))") {
                unsafe withCPath(target[...]) { target in unsafe withCPath(last) { unsafe symlinkat(target, raw, $0) } }
            }
        }
    }

    private func open(_ path: ArraySlice<UInt8>, in root: Int32) throws(GitError) -> Descriptor { try Self.open(path, in: root) }

    static func open(_ path: ArraySlice<UInt8>, in root: Int32) throws(GitError) -> Descriptor {
        var how = open_how()
        how.flags = UInt64(UInt32(bitPattern: O_RDONLY | O_DIRECTORY | O_CLOEXEC))
        how.resolve = pinfold_RESOLVE_INSIDE
        let shown = TreePath(bytes: Array(path))
        return Descriptor(
            owning: try attempt("cannot open \(shown)") {
                unsafe withCPath(path.isEmpty ? [UInt8(ascii: ".")] : path) { unsafe pinfold_openat2(root, $0, &how) }
            })
    }
}

private func split(_ path: [UInt8]) -> (parent: ArraySlice<UInt8>, name: ArraySlice<UInt8>) {
    guard let slash = path.lastIndex(of: UInt8(ascii: "/")) else { return ([], path[...]) }
    return (path[..<slash], path[(slash + 1)...])
}

/// The bytes, which hold no NUL, as a C string for the length of `body`.
@unsafe func withCPath<Result>(_ bytes: ArraySlice<UInt8>, _ body: (UnsafePointer<CChar>) -> Result) -> Result {
    var terminated = bytes.map { CChar(bitPattern: $0) }
    terminated.append(0)
    return unsafe terminated.withUnsafeBufferPointer { unsafe body($0.baseAddress.unsafelyUnwrapped) }
}
