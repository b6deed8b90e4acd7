internal import CLinux
internal import LinuxSystem
internal import SystemPackage

/// Whole directory trees: removed, copied, linked and listed by descriptors, never following a symbolic link. Safe on trees that a hostile
/// user is changing at the same time.
package enum Tree {
    /// Directories inside one another that are followed. Each level holds a descriptor.
    static let depthLimit = 300

    /// Removes a tree, or whatever else has that name; nothing there is success. A crash leaves a part of it.
    package static func remove(_ path: String) throws(FileError) {
        let (directory, name) = DurableFile.split(path)
        guard try PathState(of: directory) != .missing else { return }
        try remove(name, in: Directories.open(directory), path: path)
    }

    private static func remove(_ name: String, in parent: borrowing Descriptor, path: String) throws(FileError) {
        do {
            try remove(EntryName(name), in: parent)
        } catch {
            throw FileError("remove", path, error)
        }
    }

    /// The same for a name in a directory that is open already.
    static func remove(_ name: EntryName, in parent: borrowing Descriptor) throws(Errno) {
        if try unlinked(name, in: parent) { return }
        do {
            try empty(Directories.open(name.bytes, in: parent))
        } catch {
            if error == .noSuchFileOrDirectory { return }
            throw error
        }
        let raw = parent.rawValue
        _ = try check { unsafe unlinkat(raw, name.bytes, Int32(AT_REMOVEDIR)) }
    }

    private static func empty(_ top: borrowing Descriptor) throws(Errno) {
        _ = fchmod(top.rawValue, 0o700)
        var lifted = 0
        while true {
            let names = try Directories.names(in: top)
            if names.isEmpty { return }
            for entry in names { try purge(entry, in: top, top: top, depth: 0, lifted: &lifted) }
        }
    }

    /// What lies too deep for a descriptor a level is lifted to the top, which is emptied until nothing is left.
    private static func purge(
        _ name: EntryName, in parent: borrowing Descriptor, top: borrowing Descriptor, depth: Int, lifted: inout Int
    ) throws(Errno) {
        if try unlinked(name, in: parent) { return }
        let raw = parent.rawValue
        if depth == depthLimit {
            lifted += 1
            let topRaw = top.rawValue
            let aside = EntryName(".removing-\(lifted)")
            _ = try check { unsafe renameat(raw, name.bytes, topRaw, aside.bytes) }
            return
        }
        do {
            let directory = try Directories.open(name.bytes, in: parent)
            _ = fchmod(directory.rawValue, 0o700)
            for entry in try Directories.names(in: directory) {
                try purge(entry, in: directory, top: top, depth: depth + 1, lifted: &lifted)
            }
        } catch {
            guard error == .noSuchFileOrDirectory else { throw error }
        }
        // Somebody may have filled it again: the next round over the top finds it.
        _ = unsafe unlinkat(raw, name.bytes, Int32(AT_REMOVEDIR))
    }

    /// Whether it is gone: unlinked, an empty directory that is removed, or not there.
    private static func unlinked(_ name: EntryName, in parent: borrowing Descriptor) throws(Errno) -> Bool {
        let raw = parent.rawValue
        do {
            _ = try check { unsafe unlinkat(raw, name.bytes, 0) }
            return true
        } catch {
            if error == .noSuchFileOrDirectory { return true }
            guard error == .isDirectory else { throw error }
        }
        return unsafe unlinkat(raw, name.bytes, Int32(AT_REMOVEDIR)) == 0
    }
}
