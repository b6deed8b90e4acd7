internal import CLinux
internal import LinuxSystem
internal import SystemPackage

/// Makes one directory with exactly that mode, whatever the umask is; false where one is there already.
func makeDirectory(_ path: String, mode: mode_t) throws(Errno) -> Bool {
    do {
        _ = try check { unsafe mkdir(path, 0o700) }
    } catch Errno.fileExists {
        return false
    }
    _ = try check { unsafe chmod(path, mode) }
    return true
}

/// Makes a directory and what is missing above it.
func makeDirectories(_ path: String, mode: mode_t = 0o755) throws(Errno) {
    do {
        _ = try makeDirectory(path, mode: mode)
    } catch Errno.noSuchFileOrDirectory {
        try makeDirectories(split(path).parent)
        _ = try makeDirectory(path, mode: mode)
    }
}

/// Makes the names in a directory durable (`man 2 fsync`: a new file's name is its directory's data).
func synchronize(directory path: String) throws(Errno) {
    let directory = Descriptor(owning: try check { unsafe pinfold_open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0) })
    let number = directory.rawValue
    _ = try check { fsync(number) }
}

/// Makes everything that was written to the path's filesystem durable.
func synchronize(filesystemOf path: String) throws(Errno) {
    let directory = Descriptor(owning: try check { unsafe pinfold_open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0) })
    let number = directory.rawValue
    _ = try check { syncfs(number) }
}

/// Removes a tree of this command's own. No link is followed and no other filesystem entered; a name that is gone is no error.
func removeTree(_ path: String) throws(Errno) {
    let (parent, name) = split(path)
    let directory = Descriptor(owning: try check { unsafe pinfold_open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0) })
    try removeTree(name, in: directory, depth: 0)
}

private func removeTree(_ name: String, in directory: borrowing Descriptor, depth: Int) throws(Errno) {
    let number = directory.rawValue
    do {
        _ = try check { unsafe unlinkat(number, name, 0) }
        return
    } catch Errno.noSuchFileOrDirectory {
        return
    } catch Errno.isDirectory {
        guard depth < TreeWalk.deepest else { throw Errno.tooManySymbolicLinkLevels }
    }
    let child = try openDirectory(name, in: directory)
    for entry in try names(in: child) { try removeTree(entry, in: child, depth: depth + 1) }
    _ = try check { unsafe unlinkat(number, name, AT_REMOVEDIR) }
}

/// Opens a directory by its name in another one: no link, no other filesystem (`man 2 openat2`).
func openDirectory(_ name: String, in directory: borrowing Descriptor) throws(Errno) -> Descriptor {
    var how = open_how()
    how.flags = UInt64(O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
    how.resolve = UInt64(RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV)
    let number = directory.rawValue
    return Descriptor(owning: try check { unsafe pinfold_openat2(number, name, &how) })
}
