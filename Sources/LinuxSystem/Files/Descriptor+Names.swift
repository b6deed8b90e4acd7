internal import CLinux
package import SystemPackage

// What happens to names in the directory that a descriptor refers to. O_PATH descriptors will do throughout.
extension Descriptor {
    /// See `man 2 mkdirat`. The thread's umask or the directory's default ACL applies.
    package borrowing func makeDirectory(_ name: borrowing PathBytes, mode: UInt32) throws(Errno) {
        let raw = rawValue
        let pointer = unsafe name.pointer
        _ = try check { unsafe mkdirat(raw, pointer, mode_t(mode)) }
    }

    /// See `man 2 mknodat`: `mode` holds the kind, `device` is as `mknod` takes it.
    package borrowing func makeNode(_ name: borrowing PathBytes, mode: UInt32, device: UInt64 = 0) throws(Errno) {
        let raw = rawValue
        let pointer = unsafe name.pointer
        _ = try check { unsafe mknodat(raw, pointer, mode_t(mode), dev_t(device)) }
    }

    /// See `man 2 symlinkat`.
    package borrowing func makeSymbolicLink(_ name: borrowing PathBytes, target: borrowing PathBytes) throws(Errno) {
        let raw = rawValue
        let pointer = unsafe name.pointer
        let text = unsafe target.pointer
        _ = try check { unsafe symlinkat(text, raw, pointer) }
    }

    /// See `man 2 unlinkat`.
    package borrowing func unlink(_ name: borrowing PathBytes) throws(Errno) {
        let raw = rawValue
        let pointer = unsafe name.pointer
        _ = try check { unsafe unlinkat(raw, pointer, 0) }
    }

    /// See `man 2 unlinkat`, AT_REMOVEDIR.
    package borrowing func removeDirectory(_ name: borrowing PathBytes) throws(Errno) {
        let raw = rawValue
        let pointer = unsafe name.pointer
        _ = try check { unsafe unlinkat(raw, pointer, pinfold_AT_REMOVEDIR) }
    }

    /// See `man 2 renameat2`.
    package borrowing func rename(
        _ name: borrowing PathBytes, to directory: borrowing Descriptor, _ newName: borrowing PathBytes, _ flags: RenameFlags = []
    ) throws(Errno) {
        let raw = rawValue
        let target = directory.rawValue
        let old = unsafe name.pointer
        let new = unsafe newName.pointer
        _ = try check { unsafe pinfold_renameat2(raw, old, target, new, flags.rawValue) }
    }

    /// Gives the file that this descriptor refers to, O_PATH or O_TMPFILE too, another name (`man 2 linkat`, by way of
    /// `/proc/self/fd`, which needs no CAP_DAC_READ_SEARCH as AT_EMPTY_PATH does).
    package borrowing func link(to directory: borrowing Descriptor, _ newName: borrowing PathBytes) throws(Errno) {
        let raw = rawValue
        let target = directory.rawValue
        let new = unsafe newName.pointer
        _ = try unsafe withMagicLink(raw) { link throws(Errno) in
            try check { unsafe linkat(pinfold_AT_FDCWD, link, target, new, pinfold_AT_SYMLINK_FOLLOW) }
        }
    }

    /// The text of the symbolic link that this O_PATH descriptor refers to (`man 2 readlinkat`, empty path).
    package borrowing func linkText() throws(Errno) -> [UInt8] {
        let raw = rawValue
        var text = [UInt8](repeating: 0, count: 4096)
        let count = try check {
            unsafe text.withUnsafeMutableBytes {
                unsafe readlinkat(raw, "", $0.baseAddress.unsafelyUnwrapped.assumingMemoryBound(to: CChar.self), $0.count)
            }
        }
        text.removeLast(text.count - count)
        return text
    }
}
