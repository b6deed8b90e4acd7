internal import CLinux
internal import CommandLineSupport
internal import LinuxSystem
internal import SystemPackage

/// Where an existing path leads when every symbolic link in it has been followed: the kernel's own answer for the opened thing.
func realPath(_ path: String) throws(Errno) -> String {
    let opened = try Descriptor.open(path, .path)
    return try readLink("/proc/self/fd/\(opened.rawValue)")
}

/// Where a path leads whose last component is not looked at and need not exist: a mountpoint whose daemon is dead cannot be looked
/// at. What does not exist above it stays as it is written.
func realPathOfParent(_ path: String) throws(Errno) -> String {
    let (parent, name) = split(path)
    if name == "." || name == ".." { return try realPath(path) }
    let real: String
    do {
        real = try realPath(parent)
    } catch Errno.noSuchFileOrDirectory {
        real = try realPathOfParent(parent)
    }
    return (real == "/" ? "" : real) + "/" + name
}

/// The path without slashes at its end.
func trimmingSlashes(_ path: String) -> String {
    var path = path
    while path.utf8.count > 1, path.utf8.last == slash { path.unicodeScalars.removeLast() }
    return path
}

/// Made absolute against `directory`. Nothing is taken out of the text: what `..` means after a link is the kernel's to say.
func absolutePath(_ path: String, in directory: String) -> String {
    path.utf8.first == slash ? path : (directory == "/" ? "" : directory) + "/" + path
}

/// The path without its last component, and that component.
func split(_ path: String) -> (parent: String, name: String) {
    let path = trimmingSlashes(path)
    guard let slash = path.utf8.lastIndex(of: slash), path != "/" else { return ("/", ".") }
    return (slash == path.startIndex ? "/" : String(path[..<slash]), String(path[path.utf8.index(after: slash)...]))
}

/// Whether `path` is `ancestor` or lies below it; both absolute and resolved.
func isPath(_ path: String, atOrBelow ancestor: String) -> Bool {
    guard ancestor != "/", path.utf8.starts(with: ancestor.utf8) else { return ancestor == "/" }
    let rest = path.utf8.dropFirst(ancestor.utf8.count)
    return rest.isEmpty || rest.first == slash
}

/// Paths are bytes: to Swift a slash with a combining mark behind it is one character, and two spellings of a letter are equal.
private let slash = UInt8(ascii: "/")

/// What a path is, without following a link at its end; nil where there is nothing.
func fileStatus(_ path: String) throws(Errno) -> stat? {
    var status = stat()
    do {
        _ = try check { unsafe lstat(path, &status) }
        return status
    } catch Errno.noSuchFileOrDirectory {
        return nil
    }
}

extension stat {
    /// The type bits alone: `S_IFDIR` and so on.
    var fileType: Int32 { Int32(bitPattern: st_mode) & S_IFMT }
}

/// The word for a file's type, as errors say it.
func kind(of status: stat) -> String {
    switch status.fileType {
    case S_IFDIR: "a directory"
    case S_IFREG: "a file"
    case S_IFLNK: "a symbolic link"
    case S_IFIFO: "a FIFO"
    case S_IFSOCK: "a socket"
    default: "a device"
    }
}

/// The names in an open directory as the kernel has them, `.` and `..` left out, in no order.
func fileNames(in directory: borrowing Descriptor) throws(Errno) -> [[UInt8]] {
    // A description of its own: the position is not shared with whoever else holds the descriptor.
    let own = try directory.open(".", [.readOnly, .directory])
    var result: [[UInt8]] = []
    try DirectoryReader().read(own, from: 0) { entry throws(Errno) in
        if !entry.name.isDotOrDotDot { result.append(entry.name.array) }
        return true
    }
    return result
}

/// The names in the directory at `path`, for people and for what the kernel names: bytes that are not UTF-8 are replaced.
func names(inDirectory path: String) throws(Errno) -> [String] {
    let directory = try Descriptor.open(path, [.readOnly, .directory])
    return try fileNames(in: directory).map { String(decoding: $0, as: UTF8.self) }
}
