internal import CLinux
internal import GitRepository

/// How libgit2 opens files in this process: never waiting, and nothing but files and directories.
///
/// It opens by path whatever has a name that it knows: `.gitignore`, `.gitattributes` and `.gitmodules` in the working directory, what a
/// configuration includes, the index, logs of references. A FIFO there would hold it up for good, a device or a link to one
/// (`/dev/zero`) would never end. It offers no place to say so, and looking before it opens would be too early; but a name that a library
/// calls is taken from the program first (`man 8 ld.so`).
///
/// What it makes in somebody else's repository is made so that it can be told apart afterwards (`Traces`).
enum FileOpening {
    /// Whether libgit2's calls come here. Where they would not, nothing of the agent's may be opened.
    static var isInForce: Bool {
        let own: @convention(c) (UnsafePointer<CChar>, Int32, UInt32) -> Int32 = unsafe pinfoldGitOpen
        return unsafe pinfold_symbol("open") == unsafeBitCast(own, to: UnsafeMutableRawPointer.self)
    }

    static func open(_ path: UnsafePointer<CChar>, _ flags: Int32, _ mode: UInt32) -> Int32 {
        if let made = unsafe Traces.open(path, flags | O_NONBLOCK | O_NOCTTY, mode) { return made }
        // The mode is whatever was in the register where the call has none: the kernel does not look at it then.
        let descriptor = unsafe pinfold_openat(pinfold_AT_FDCWD, path, flags | O_NONBLOCK | O_NOCTTY, mode)
        guard descriptor >= 0 else { return -1 }
        if isOrdinary(descriptor) || isHarmless(unsafe String(cString: path)) { return descriptor }
        close(descriptor)
        pinfold_set_errno(ENXIO)
        return -1
    }

    /// A file or a directory, and not one of the kernel's: some of those never end either (`/proc/self/pagemap`).
    private static func isOrdinary(_ descriptor: Int32) -> Bool {
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0 else { return false }
        let kind = status.st_mode & pinfold_S_IFMT
        guard kind == pinfold_S_IFREG || kind == pinfold_S_IFDIR else { return false }
        // PROC_SUPER_MAGIC, SYSFS_MAGIC (`man 2 statfs`).
        return ![0x9fa0, 0x6265_6572].contains(pinfold_fstatfs_type(descriptor))
    }

    /// What libraries open of the system's, asked for by its own name: seeds, and a place for nothing.
    private static func isHarmless(_ path: String) -> Bool { ["/dev/urandom", "/dev/random", "/dev/null"].contains(path) }
}

// Public, or the optimizer makes them the program's own affair, and no library sees them.

/// `man 2 open`, which is variadic; on the architectures of Linux that Swift has, three arguments are passed the same way.
@_cdecl("open")
public func pinfoldGitOpen(_ path: UnsafePointer<CChar>, _ flags: Int32, _ mode: UInt32) -> Int32 {
    unsafe FileOpening.open(path, flags, mode)
}

/// The same for a library that was built with large files switched on.
@_cdecl("open64")
public func pinfoldGitOpen64(_ path: UnsafePointer<CChar>, _ flags: Int32, _ mode: UInt32) -> Int32 {
    unsafe FileOpening.open(path, flags, mode)
}
