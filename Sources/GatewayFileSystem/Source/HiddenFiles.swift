internal import CLinux
internal import LinuxSystem
internal import SystemPackage

/// The inodes of hidden files that have several names: under another name, a hard link outside of what is hidden, they are not shown either.
///
/// Known are those below the hidden paths that have no wildcard, as they were at the start, and those whose hidden name anybody came by since.
final class HiddenFiles: Sendable {
    /// By number, and, where there is one, by the handle, which tells a file from a later one that got its number.
    private struct Inode: Hashable {
        let device: UInt64
        let number: UInt64
        let handle: FileHandle?
    }
    private let inodes = Lock(Set<Inode>())
    /// How many entries are looked at below hidden directories at the start.
    private static let limit = 50_000

    func contains(_ status: FileStatus, _ handle: FileHandle) -> Bool {
        let known = handle.isHandle ? handle : nil
        return inodes.withLock { $0.contains(Inode(device: status.fileSystem, number: status.inode, handle: known)) }
    }

    /// A hidden name leads to this.
    func add(_ status: FileStatus, _ handle: @autoclosure () -> FileHandle?) {
        guard status.links > 1, status.kind != .directory else { return }
        let handle = handle()
        // Both: who asks may have no handle of a file where this has one.
        for known in [nil, handle?.isHandle == true ? handle : nil] {
            inodes.withLock { _ = $0.insert(Inode(device: status.fileSystem, number: status.inode, handle: known)) }
        }
    }

    /// Looks at `paths`, given from the root, and what is below them.
    func learn(_ paths: [[UInt8]], below root: borrowing Descriptor) {
        var budget = Self.limit
        for path in paths {
            guard let location = path.withPathBytes({ name in try? root.open(name, [.path, .noFollow], .strict) }),
                let status = try? location.status()
            else { continue }
            add(status, try? FileHandle.of(location))
            if status.kind == .directory { walk(location, depth: 0, &budget) }
        }
    }

    private func walk(_ directory: borrowing Descriptor, depth: Int, _ budget: inout Int) {
        guard depth < 64, let opened = try? directory.open(".", [.readOnly, .directory]),
            let stream = try? DirectoryStream(opened, from: 0)
        else { return }
        while budget > 0, let entry = try? stream.peek() {
            defer { stream.advance() }
            let name = unsafe PathBytes(
                borrowing: UnsafeRawPointer(entry.name.baseAddress.unsafelyUnwrapped).assumingMemoryBound(to: CChar.self))
            if name.isDotOrDotDot { continue }
            budget -= 1
            guard let status = try? directory.status(of: name, local: true) else { continue }
            add(status, try? FileHandle.of(name, in: directory).0)
            if status.kind == .directory,
                let below = try? directory.open(name, [.path, .noFollow, .directory], .strict.union(.noMounts))
            {
                walk(below, depth: depth + 1, &budget)
            }
        }
    }
}
