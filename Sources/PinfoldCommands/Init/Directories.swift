internal import CLinux
internal import LinuxSystem
internal import SystemPackage

/// What a command has made so far, so that it leaves nothing behind where it fails.
struct MadePaths: Sendable {
    private(set) var all: [String] = []
    /// How many of them stay, whatever happens later.
    private var kept = 0

    mutating func add(_ path: String) { all.append(path) }

    /// What is made by now stays.
    mutating func keep() { kept = all.count }

    /// Removes what is not to stay, the last first. A directory that somebody uses by now stays all the same.
    func takeBack() {
        for path in all[kept...].reversed() where unsafe rmdir(path) == -1 && Errno.current == .notDirectory { unsafe unlink(path) }
    }
}

/// Makes one directory with exactly that mode, whatever the umask is; false where one is there already.
func makeDirectory(_ path: String, mode: mode_t) throws(Errno) -> Bool {
    // There with its mode from the first moment: a kill in between leaves no directory that is closed to those who need it.
    let mask = umask(0)
    defer { umask(mask) }
    do {
        _ = try check { unsafe mkdir(path, mode) }
    } catch Errno.fileExists {
        return false
    }
    // Where a default ACL of the parent has said otherwise.
    _ = try check { unsafe chmod(path, mode) }
    return true
}

/// Makes a directory and what is missing above it, and notes what it made.
func makeDirectories(_ path: String, mode: mode_t = 0o755, made: inout MadePaths) throws(Errno) {
    do {
        if try makeDirectory(path, mode: mode) { made.add(path) }
    } catch Errno.noSuchFileOrDirectory {
        try makeDirectories(split(path).parent, made: &made)
        if try makeDirectory(path, mode: mode) { made.add(path) }
    }
}

/// Writes a file that is there whole and synced, or not at all (`man 2 rename`), and notes it where it is new.
func writeDurably(_ text: String, to path: String, mode: mode_t = 0o644, made: inout MadePaths) throws(Errno) {
    let (parent, name) = split(path)
    let temporary = "\(parent)/.\(name).new"
    do {
        let file = try Descriptor.open(temporary, [.writeOnly, .create, .truncate, .noFollow], mode: mode)
        let number = file.rawValue
        let bytes = Array(text.utf8)
        var written = 0
        while written < bytes.count {
            written += try check { unsafe bytes[written...].withUnsafeBytes { unsafe write(number, $0.baseAddress, $0.count) } }
        }
        _ = try check { fchmod(number, mode) }
        _ = try check { fsync(number) }
        let isNew = unsafe access(path, F_OK) != 0
        _ = try check { unsafe rename(temporary, path) }
        if isNew { made.add(path) }
    } catch {
        unsafe unlink(temporary)
        throw error
    }
    try synchronize(directory: parent)
}

/// Makes the names in a directory durable (`man 2 fsync`: a new file's name is its directory's data).
func synchronize(directory path: String) throws(Errno) {
    let directory = try Descriptor.open(path, [.readOnly, .directory])
    let number = directory.rawValue
    _ = try check { fsync(number) }
}

/// Makes everything that was written to the path's filesystem durable.
func synchronize(filesystemOf path: String) throws(Errno) {
    let directory = try Descriptor.open(path, [.readOnly, .directory])
    let number = directory.rawValue
    _ = try check { syncfs(number) }
}

/// Removes a tree of this command's own, whatever its names are and however deep it is. No link is followed and no other filesystem entered;
/// a name that is gone is no error.
func removeTree(_ path: String) throws(Errno) {
    let (parent, name) = split(path)
    let directory = try Descriptor.open(parent, [.readOnly, .directory])
    try name.withPathBytes { name throws(Errno) in
        guard try !isUnlinked(name, in: directory) else { return }
        try empty(try openDirectory(name, in: directory))
        try directory.removeDirectory(name)
    }
}

/// False where it is a directory.
private func isUnlinked(_ name: borrowing PathBytes, in directory: borrowing Descriptor) throws(Errno) -> Bool {
    do {
        try directory.unlink(name)
        return true
    } catch Errno.noSuchFileOrDirectory {
        return true
    } catch Errno.isDirectory {
        return false
    }
}

/// Directories in directories are moved up beside the others first: two descriptors do for any depth, and a kill leaves what the next run removes.
private func empty(_ top: borrowing Descriptor) throws(Errno) {
    var waiting: [[UInt8]] = []
    for entry in try fileNames(in: top) {
        let isGone = try entry.withPathBytes { name throws(Errno) in try isUnlinked(name, in: top) }
        if !isGone { waiting.append(entry) }
    }
    var number = 0
    while let next = waiting.popLast() {
        try next.withPathBytes { name throws(Errno) in
            let child = try openDirectory(name, in: top)
            for entry in try fileNames(in: child) {
                try entry.withPathBytes { inner throws(Errno) in
                    guard try !isUnlinked(inner, in: child) else { return }
                    waiting.append(try moveUp(inner, from: child, to: top, &number))
                }
            }
            try top.removeDirectory(name)
        }
    }
}

/// Gives a directory a name in `top` that nothing has there.
private func moveUp(
    _ name: borrowing PathBytes, from directory: borrowing Descriptor, to top: borrowing Descriptor, _ number: inout Int
) throws(Errno) -> [UInt8] {
    while true {
        number += 1
        let new = Array("removed-\(number)".utf8)
        do throws(Errno) {
            try new.withPathBytes { new throws(Errno) in try directory.rename(name, to: top, new, .noReplace) }
            return new
        } catch Errno.fileExists {}
    }
}

/// Opens a directory by its name in another one: no link, no other filesystem (`man 2 openat2`).
func openDirectory(_ name: borrowing PathBytes, in directory: borrowing Descriptor) throws(Errno) -> Descriptor {
    try directory.open(name, [.readOnly, .directory, .noFollow], [.strict, .noMounts])
}
