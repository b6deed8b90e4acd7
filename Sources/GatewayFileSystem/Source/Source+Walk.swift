internal import FuseSession
internal import LinuxSystem
internal import SystemPackage

extension Source {
    /// Reads every directory on the root's mount while everything goes on: one that moves meanwhile is read or not, unless `next` gives it.
    ///
    /// - Parameters:
    ///   - next: the next directory that is to be read, the root first of all; nil when there is none. Asked only where directories are found
    ///     by handle.
    ///   - add: a directory was found, which `next` is to give.
    ///   - visit: called with each name, the inode that the listing gives it, its directory, and that directory's handle; answers whether the
    ///     name is a directory.
    func walk(
        next: () -> FileHandle?, add: (FileHandle) -> Void,
        _ visit: (borrowing PathBytes, UInt64, borrowing Descriptor, FileHandle) throws(Errno) -> Bool
    ) throws(Errno) {
        guard rootHandle.isHandle, let anchor = rootMount.anchor else {
            return try read(try root.descriptor.open(".", [.readOnly, .directory]), rootHandle, depth: 0, add, visit)
        }
        while let directory = next() {
            do throws(Errno) {
                let opened = try directory.open(through: anchor.descriptor, [.readOnly, .directory, .noFollow])
                try read(opened, directory, depth: nil, add, visit)
            } catch .staleNFSFileHandle, .noSuchFileOrDirectory {
                // It was removed since.
            }
        }
    }

    /// - Parameter depth: where directories cannot be found by handle, how deep this one is: those above it are open.
    private func read(
        _ directory: borrowing Descriptor, _ handle: FileHandle, depth: Int?, _ add: (FileHandle) -> Void,
        _ visit: (borrowing PathBytes, UInt64, borrowing Descriptor, FileHandle) throws(Errno) -> Bool
    ) throws(Errno) {
        let stream = try DirectoryStream(try directory.open(".", [.readOnly, .directory]), from: 0)
        while let entry = try stream.peek() {
            defer { stream.advance() }
            let bytes = unsafe entry.name
            let name = unsafe PathBytes(
                borrowing: UnsafeRawPointer(bytes.baseAddress.unsafelyUnwrapped).assumingMemoryBound(to: CChar.self),
                count: bytes.count)
            if name.isDotOrDotDot { continue }
            guard try visit(name, entry.inode, directory, handle) else { continue }
            if let depth {
                guard depth < 256 else { throw .tooManySymbolicLinkLevels }
                guard let below = try? directory.open(name, [.readOnly, .directory, .noFollow]), let status = try? below.status()
                else { continue }
                let numbers = FileHandle.numbers(device: status.fileSystem, inode: status.inode)
                do throws(Errno) {
                    try read(below, numbers, depth: depth + 1, add, visit)
                } catch .noSuchFileOrDirectory {
                    // It was removed since.
                }
            } else if let handle = try? FileHandle.of(name, in: directory).handle {
                add(handle)
            }
        }
    }
}
