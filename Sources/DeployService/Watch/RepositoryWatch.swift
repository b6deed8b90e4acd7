internal import CLinux
internal import LinuxSystem
internal import SystemPackage

/// Rings when something in a repository's refs may have changed. It decides nothing and reads nothing: whoever is woken looks.
///
/// Watched are the repository's directory (where `.git` may be replaced), `.git` (HEAD, packed-refs), and every directory below `.git/refs`:
/// all that a branch's tip is read from. Directories come and go: each ring watches again what is there now, by descriptors that follow no
/// symbolic link. `seesAll` says whether that was all of it; where it was not, looking from time to time has to do.
final class RepositoryWatch: Sendable {
    private static let directoryLimit = 2000

    private let repository: String
    private let ring: @Sendable () -> Void
    private let stopping: EventDescriptor
    private let isWhole = Lock(false)

    /// Whether every change of a tip rings. What still does not: the directory that the repository is in being moved or mounted over, and a ref
    /// that is written to through another hard link.
    var seesAll: Bool { isWhole.withLock { $0 } }

    init(repository: String, ring: @escaping @Sendable () -> Void) throws(Errno) {
        self.repository = repository
        self.ring = ring
        stopping = try EventDescriptor()
    }

    /// Watches on a thread of its own until `stop`.
    func start() throws(Errno) {
        _ = try SystemThread("pinfold-watch") { [self] in watch() }
    }

    func stop() { stopping.set() }

    private func watch() {
        defer { isWhole.withLock { $0 = false } }
        guard let inotify = try? Inotify() else { return }
        var watched = Watched()
        while true {
            let now = watches(inotify)
            for gone in watched.numbers.subtracting(now.numbers) { inotify.unwatch(gone) }
            isWhole.withLock { $0 = now.isWhole }
            // Something may have been written into a new directory before it was watched; and how long may be waited is another matter now.
            if !now.numbers.isSubset(of: watched.numbers) || now.isWhole != watched.isWhole { ring() }
            watched = now
            let patience: Int32 = now.isWhole ? 300_000 : 10_000
            guard let (rang, stopped) = try? inotify.wait(or: stopping, milliseconds: patience), !stopped else { return }
            if rang {
                inotify.drain()
                ring()
                // Whoever writes thousands of refs a second wakes the loop a hundred times a second, not thousands.
                SystemThread.sleep(milliseconds: 10)
            }
        }
    }

    private struct Watched {
        var numbers: Set<Int32> = []
        var isWhole = true
    }

    private func watches(_ inotify: borrowing Inotify) -> Watched {
        var result = Watched()
        guard let root = try? Descriptor.open(repository, Self.flags) else { return Watched(isWhole: false) }
        add(root, to: inotify, &result)
        if let git = open(".git", in: root) {
            add(git, to: inotify, &result)
            if let refs = open("refs", in: git) {
                tree(refs, inotify, &result, depth: 0)
                return result
            }
        }
        result.isWhole = false
        return result
    }

    private func tree(_ directory: borrowing Descriptor, _ inotify: borrowing Inotify, _ result: inout Watched, depth: Int) {
        // Watched first, read second: what comes in between rings.
        add(directory, to: inotify, &result)
        let own = unsafe pinfold_openat(directory.rawValue, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0)
        guard depth < 20, result.numbers.count < Self.directoryLimit, own >= 0, let stream = unsafe fdopendir(own) else {
            if own >= 0 { close(own) }
            result.isWhole = false
            return
        }
        defer { unsafe closedir(stream) }
        while let entry = unsafe readdir(stream) {
            let kind = unsafe entry.pointee.d_type
            if kind == pinfold_DT_UNKNOWN { result.isWhole = false }
            guard kind == pinfold_DT_DIR, let name = unsafe pinfold_dirent_name(entry) else { continue }
            let text = unsafe String(cString: name)
            if text == "." || text == ".." { continue }
            // One that is gone already rings.
            if let child = open(text, in: directory) { tree(child, inotify, &result, depth: depth + 1) }
        }
    }

    private func add(_ directory: borrowing Descriptor, to inotify: borrowing Inotify, _ result: inout Watched) {
        if let number = try? inotify.watch(directory) { result.numbers.insert(number) } else { result.isWhole = false }
        if Watchability.changesElsewhere(directory) != nil { result.isWhole = false }
    }

    private func open(_ name: String, in directory: borrowing Descriptor) -> Descriptor? {
        try? directory.open(name, Self.flags)
    }

    private static let flags: OpenFlags = [.readOnly, .directory, .noFollow]
}
