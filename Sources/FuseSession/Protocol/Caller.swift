internal import LinuxSystem
package import SystemPackage

/// Who made the system call that a request comes from (`struct fuse_in_header` in <linux/fuse.h>).
package struct Caller: Hashable, Sendable {
    /// The file-system uid and gid.
    package let uid: UInt32
    package let gid: UInt32
    /// The thread's number as this process's PID namespace has it; 0 where the caller is outside of that, or is the kernel itself.
    package let pid: Int32
    /// The umask, in requests that make something; 0 in all others.
    package let umask: UInt32

    /// The supplementary groups, from `/proc/PID/status`: any number of them. The caller waits for this request's answer, so the
    /// number is still its own.
    package func supplementaryGroups() throws(Errno) -> [UInt32] {
        guard pid > 0 else { return [] }
        return try SupplementaryGroups.ofThread(pid)
    }
}
