internal import CLinux
package import LinuxSystem
internal import SystemPackage

/// Single files put into, taken out of and read from a tree whose contents are hostile but at rest: no path here goes through a symbolic link,
/// and what stands in the way is removed.
package struct Overlay: Sendable {
    package let root: String
    package let owner: (uid: UInt32, gid: UInt32)

    package init(root: String, owner: (uid: UInt32, gid: UInt32)) {
        self.root = root
        self.owner = owner
    }

    package func remove(_ path: [UInt8]) throws(FileError) {
        do {
            try Tree.remove(EntryName(bytes: PathInside.name(of: path)), in: PathInside.parent(of: path, in: opened()))
        } catch {
            if error == .noSuchFileOrDirectory || error == .notDirectory || error == .tooManySymbolicLinkLevels { return }
            throw FileError("remove", root + "/" + String(decoding: path, as: UTF8.self), error)
        }
    }

    /// - Parameter modified: its time of modification; now, where none is given.
    package func put(
        _ path: [UInt8], contents: [UInt8], mode: UInt32, modified: (seconds: Int, nanoseconds: Int)? = nil
    ) throws(FileError) {
        let name = PathInside.name(of: path)
        try change(path) { parent throws(Errno) in
            let raw = parent.rawValue
            let file = Descriptor(
                owning: try check { unsafe pinfold_openat(raw, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600) })
            do throws(FileError) {
                try DurableFile.writeAll(contents, to: file, path: "")
            } catch {
                throw error.code
            }
            let number = file.rawValue
            _ = try check { fchown(number, owner.uid, owner.gid) }
            _ = try check { fchmod(number, mode) }
            if let modified {
                let time = timespec(tv_sec: modified.seconds, tv_nsec: modified.nanoseconds)
                let times = [time, time]
                _ = try check { unsafe futimens(number, times) }
            }
        }
    }

    /// An empty directory in the place of whatever is there.
    package func makeDirectory(_ path: [UInt8]) throws(FileError) {
        let name = PathInside.name(of: path)
        try change(path) { parent throws(Errno) in
            let raw = parent.rawValue
            _ = try check { unsafe mkdirat(raw, name, 0o755) }
            _ = try check { unsafe fchownat(raw, name, owner.uid, owner.gid, pinfold_AT_SYMLINK_NOFOLLOW) }
        }
    }

    package func link(_ path: [UInt8], to destination: [UInt8]) throws(FileError) {
        let name = PathInside.name(of: path)
        let text = destination.map { CChar(bitPattern: $0) } + [0]
        try change(path) { parent throws(Errno) in
            let raw = parent.rawValue
            _ = try check { unsafe symlinkat(text, raw, name) }
        }
    }

    /// A regular file, open for reading; nil where there is none, where a link leads to it, or where it is longer than `limit`.
    package func open(_ path: [UInt8], limit: Int) throws(FileError) -> Descriptor? {
        do {
            let file = try PathInside.open(path, in: opened(), flags: O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
            var status = stat()
            let raw = file.rawValue
            _ = try check { unsafe fstat(raw, &status) }
            guard status.kind == S_IFREG, status.st_size <= limit else { return nil }
            return file
        } catch {
            if error == .noSuchFileOrDirectory || error == .notDirectory || error == .tooManySymbolicLinkLevels { return nil }
            throw FileError("open", root + "/" + String(decoding: path, as: UTF8.self), error)
        }
    }

    /// A regular file's bytes; nil where there is none, where a link leads to it, or where it is longer than `limit`.
    package func read(_ path: [UInt8], limit: Int) throws(FileError) -> [UInt8]? {
        do {
            let file = try PathInside.open(path, in: opened(), flags: O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
            var status = stat()
            let raw = file.rawValue
            _ = try check { unsafe fstat(raw, &status) }
            guard status.kind == S_IFREG, status.st_size <= limit else { return nil }
            var bytes: [UInt8] = []
            var chunk = [UInt8](repeating: 0, count: 1 << 16)
            while bytes.count <= limit {
                let count = try check { unsafe CLinux.read(raw, &chunk, chunk.count) }
                if count == 0 { return bytes }
                bytes += chunk[..<count]
            }
            return nil
        } catch {
            if error == .noSuchFileOrDirectory || error == .notDirectory || error == .tooManySymbolicLinkLevels { return nil }
            throw FileError("read", root + "/" + String(decoding: path, as: UTF8.self), error)
        }
    }

    private func change(_ path: [UInt8], _ body: (borrowing Descriptor) throws(Errno) -> Void) throws(FileError) {
        do {
            let top = try opened()
            // The directories above it: whatever else has their names makes way.
            for slash in path.indices where path[slash] == 0x2F {
                let above = Array(path[..<slash])
                let parent = try PathInside.parent(of: above, in: top)
                let name = PathInside.name(of: above)
                let raw = parent.rawValue
                var status = stat()
                if unsafe fstatat(raw, name, &status, pinfold_AT_SYMLINK_NOFOLLOW) == 0, status.kind == S_IFDIR { continue }
                try Tree.remove(EntryName(bytes: name), in: parent)
                _ = try check { unsafe mkdirat(raw, name, 0o755) }
                _ = try check { unsafe fchownat(raw, name, owner.uid, owner.gid, pinfold_AT_SYMLINK_NOFOLLOW) }
            }
            let parent = try PathInside.parent(of: path, in: top)
            try Tree.remove(EntryName(bytes: PathInside.name(of: path)), in: parent)
            try body(parent)
        } catch {
            throw FileError("write", root + "/" + String(decoding: path, as: UTF8.self), error)
        }
    }

    private func opened() throws(Errno) -> Descriptor {
        try Descriptor.open(root, [.readOnly, .directory, .noFollow])
    }
}
