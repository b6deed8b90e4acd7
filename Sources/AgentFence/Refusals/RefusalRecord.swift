internal import CLinux
internal import LinuxSystem
package import SystemPackage

/// Whether refusals in the view can be recorded on this machine.
package enum RefusalRecord {
    /// Why calls cannot be told of on this machine; nil where they can. Tried in a process of its own, since a filter cannot be taken off.
    package static var obstacle: Errno? {
        let child = pinfold_fork()
        if child == 0 {
            _ = pinfold_prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
            // RET_ALLOW.
            var allow = sock_filter(code: 0x06, jt: 0, jf: 0, k: 0x7fff_0000)
            let listener = unsafe pinfold_seccomp_listener(&allow, 1, 0)
            _exit(listener >= 0 ? 0 : Int32(UInt8(truncatingIfNeeded: pinfold_errno())))
        }
        guard child > 0 else { return .current }
        var status: Int32 = 0
        guard (try? check({ unsafe waitpid(child, &status, 0) })) == child else { return .current }
        let code = pinfold_WIFEXITED(status) != 0 ? pinfold_WEXITSTATUS(status) : EIO
        return code == 0 ? nil : Errno(rawValue: code)
    }
}
