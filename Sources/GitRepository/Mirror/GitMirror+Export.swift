internal import CLinux
internal import LinuxSystem
internal import SystemPackage

/// What an export wrote.
package struct Export: Hashable, Sendable {
    package let tree: ObjectID
    package let files: Int
    package let bytes: Int
}

extension GitMirror {
    /// Writes the commit's tree into `directory`, which must not exist; its parent must, and only root may be able to write there.
    ///
    /// Files are 0644 or 0755, directories 0755, owned by the caller, without filters and line-end conversion: the bytes that were
    /// committed. A submodule is an empty directory. A symbolic link that leads out of the tree is an error before anything is written.
    /// All of it is synced when this returns. A crash leaves a part of the directory, which the caller removes.
    ///
    /// Each export is a copy of its own: files shared with the last one by hard links would let a fault in one release, or an edit in
    /// place, reach the other, which has to stay good to go back to.
    package func export(
        _ commit: ObjectID, to directory: String, limits: IntakeLimits = IntakeLimits()
    ) throws(GitError) -> Export {
        try opened.withLock { opened throws(GitError) in
            let tree = try opened.store.commit(commit).tree
            let plan = try ExportPlan(tree: tree, store: opened.store, limits: limits)
            try attempt("cannot make \(directory)") { unsafe mkdir(directory, 0o755) }
            let root = Descriptor(
                owning: try attempt("cannot open \(directory)") {
                    unsafe pinfold_open(directory, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, 0)
                })
            let raw = root.rawValue
            try attempt("cannot set the mode of \(directory)") { fchmod(raw, 0o755) }
            try plan.makeDirectories(in: raw)
            let bytes = try plan.writeFiles(in: raw, objects: path + "/objects", limits: limits)
            try plan.makeLinks(in: raw)
            // One for all: a fsync a file took longer than writing them.
            try attempt("cannot sync \(directory)") { pinfold_syncfs(raw) }
            return Export(tree: tree, files: plan.fileCount, bytes: bytes)
        }
    }
}

/// A tree as the directories, files and links to be made, in an order in which each finds its directory.
private struct ExportPlan: Sendable {
    private struct File: Sendable {
        let name: [UInt8]
        let id: ObjectID
        let isExecutable: Bool
    }

    private struct Folder: Sendable {
        let path: [UInt8]
        var files: [File] = []
    }

    /// The root first.
    private var folders: [Folder] = [Folder(path: [])]
    private var links: [[UInt8]: [UInt8]] = [:]
    private(set) var fileCount = 0

    init(tree: ObjectID, store: ObjectStore, limits: IntakeLimits) throws(GitError) {
        var index: [[UInt8]: Int] = [[]: 0]
        var folders = self.folders
        var links: [[UInt8]: ObjectID] = [:]
        var bytes = 0
        var count = 0
        try TreeWalk.visit(tree, in: store, limits: limits) { item throws(GitError) in
            switch item.entry.mode {
            case .directory, .submodule:
                index[item.path] = folders.count
                folders.append(Folder(path: item.path))
            case .symbolicLink: links[item.path] = item.entry.id
            case .regular, .executable:
                guard let header = try store.header(of: item.entry.id) else {
                    throw GitError(.corrupt, "the file \(TreePath(bytes: item.path)) (\(item.entry.id)) is missing from the mirror")
                }
                bytes += header.size
                count += 1
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
        for (path, id) in links { self.links[path] = try store.content(of: id, type: .blob, limit: 4095) }
        self.folders = folders
        fileCount = count + links.count
        try LinkResolver(links: self.links).check()
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
    func writeFiles(in root: Int32, objects: String, limits: IntakeLimits) throws(GitError) -> Int {
        let next = Lock(0)
        let outcome = Lock<(bytes: Int, error: GitError?)>((0, nil))
        let busy = folders.filter { !$0.files.isEmpty }
        // A directory with very many files would keep one thread busy alone.
        let batches = busy.flatMap { folder in
            stride(from: 0, to: folder.files.count, by: 256).map { start in
                Folder(path: folder.path, files: Array(folder.files[start..<min(start + 256, folder.files.count)]))
            }
        }
        runInParallel(threads: fileCount > 200 ? 2 : 1) {
            do throws(GitError) {
                let store = try ObjectStore(objects: objects)
                while true {
                    let turn = next.withLock { value in
                        defer { value += 1 }
                        return value
                    }
                    guard turn < batches.count, outcome.withLock({ $0.error }) == nil else { return }
                    let bytes = try Self.write(batches[turn], in: root, from: store, limits: limits)
                    outcome.withLock { $0.bytes += bytes }
                }
            } catch {
                outcome.withLock { $0.error = $0.error ?? error }
            }
        }
        let (bytes, error) = outcome.withLock { $0 }
        if let error { throw error }
        return bytes
    }

    private static func write(_ folder: Folder, in root: Int32, from store: ObjectStore, limits: IntakeLimits) throws(GitError)
        -> Int
    {
        let directory = try open(folder.path[...], in: root)
        let raw = directory.rawValue
        var total = 0
        for file in folder.files {
            func name() -> String { TreePath(bytes: folder.path + [UInt8(ascii: "/")] + file.name).description }
            let written = Descriptor(
                owning: try attempt("cannot make \(name())") {
                    unsafe withCPath(file.name[...]) {
                        unsafe pinfold_openat(raw, $0, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
                    }
                })
            let target = written.rawValue
            unsafe total += try store.withContent(of: file.id, type: .blob, limit: limits.blobBytes) { content throws(GitError) in
                var done = 0
                while done < content.count {
                    done += try attempt("cannot write \(name())") {
                        unsafe CLinux.write(target, content.baseAddress.map { unsafe $0 + done }, content.count - done)
                    }
                }
                return done
            }
            try attempt("cannot set the mode of \(name())") { fchmod(target, file.isExecutable ? 0o755 : 0o644) }
        }
        return total
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

    private static func open(_ path: ArraySlice<UInt8>, in root: Int32) throws(GitError) -> Descriptor {
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
@unsafe private func withCPath<Result>(_ bytes: ArraySlice<UInt8>, _ body: (UnsafePointer<CChar>) -> Result) -> Result {
    var terminated = bytes.map { CChar(bitPattern: $0) }
    terminated.append(0)
    return unsafe terminated.withUnsafeBufferPointer { unsafe body($0.baseAddress.unsafelyUnwrapped) }
}
