internal import CLinux
internal import Foundation
internal import LinuxSystem
internal import SystemPackage

/// Rings when something in a repository's refs may have changed. It decides nothing and reads nothing: whoever is woken looks.
///
/// Watched are the repository's directory (where `.git` may be replaced), `.git` (HEAD, packed-refs), and every directory below `.git/refs`.
/// Directories come and go: each ring watches again what is there now, by descriptors that follow no symbolic link. What inotify
/// cannot see, a `.git` that is a file or a file system without it, the loop's slow poll finds.
final class RepositoryWatch: Sendable {
    private static let directoryLimit = 2000

    private let repository: String
    private let ring: @Sendable () -> Void
    private let stopRead: Descriptor
    private let stopWrite: Descriptor

    init(repository: String, ring: @escaping @Sendable () -> Void) throws(Errno) {
        self.repository = repository
        self.ring = ring
        var ends: [Int32] = [-1, -1]
        _ = try check { unsafe pipe2(&ends, O_CLOEXEC) }
        stopRead = Descriptor(owning: ends[0])
        stopWrite = Descriptor(owning: ends[1])
    }

    /// Watches on a thread of its own until `stop`.
    func start() {
        let thread = Thread { [self] in watch() }
        thread.name = "pinfold-watch"
        thread.start()
    }

    func stop() {
        var byte: UInt8 = 0
        _ = unsafe write(stopWrite.rawValue, &byte, 1)
    }

    private func watch() {
        guard let inotify = try? Inotify() else { return }
        var watched: Set<Int32> = []
        while true {
            let now = watches(inotify)
            for gone in watched.subtracting(now) { inotify.unwatch(gone) }
            // Something may have been written into a new directory before it was watched.
            if !now.isSubset(of: watched) { ring() }
            watched = now
            // Every ten seconds even in silence: a directory may have been replaced where nothing was watched.
            guard let (rang, stopped) = try? inotify.wait(or: stopRead, milliseconds: 10_000), !stopped else { return }
            if rang {
                inotify.drain()
                ring()
                // Whoever writes thousands of refs a second wakes the loop a hundred times a second, not thousands.
                usleep(10_000)
            }
        }
    }

    private func watches(_ inotify: borrowing Inotify) -> Set<Int32> {
        var result: Set<Int32> = []
        guard let root = open(repository, at: pinfold_AT_FDCWD) else { return [] }
        add(root, to: inotify, &result)
        guard let git = open(".git", in: root) else { return result }
        add(git, to: inotify, &result)
        guard let refs = open("refs", in: git) else { return result }
        tree(refs, inotify, &result, depth: 0)
        return result
    }

    private func tree(_ directory: borrowing Descriptor, _ inotify: borrowing Inotify, _ result: inout Set<Int32>, depth: Int) {
        add(directory, to: inotify, &result)
        guard depth < 20, result.count < Self.directoryLimit else { return }
        let own = unsafe pinfold_openat(directory.rawValue, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0)
        guard own >= 0, let stream = unsafe fdopendir(own) else { return }
        defer { unsafe closedir(stream) }
        while let entry = unsafe readdir(stream) {
            guard unsafe entry.pointee.d_type == pinfold_DT_DIR, let name = unsafe pinfold_dirent_name(entry) else { continue }
            let text = unsafe String(cString: name)
            if text == "." || text == ".." { continue }
            if let child = open(text, in: directory) { tree(child, inotify, &result, depth: depth + 1) }
        }
    }

    private func add(_ directory: borrowing Descriptor, to inotify: borrowing Inotify, _ result: inout Set<Int32>) {
        if let number = try? inotify.watch(directory) { result.insert(number) }
    }

    private func open(_ path: String, in directory: borrowing Descriptor) -> Descriptor? {
        open(path, at: directory.rawValue)
    }

    private func open(_ path: String, at parent: Int32) -> Descriptor? {
        let number = unsafe pinfold_openat(parent, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW, 0)
        return number >= 0 ? Descriptor(owning: number) : nil
    }
}
