internal import CLinux
internal import LinuxSystem
package import SystemPackage

/// Whether refusals in the view can be recorded on this machine.
package enum RefusalRecord {
    /// Why calls cannot be told of on this machine; nil where they can. Tried in a thread of its own.
    package static var obstacle: Errno? {
        do throws(Errno) {
            return try Pending("trial") { obstacleForEndingThread() }.value
        } catch {
            return error
        }
    }

    /// The same, tried in this thread, which must end soon: a filter cannot be taken off, and holds for the thread that took it on
    /// (`man 2 seccomp`), as PR_SET_NO_NEW_PRIVS does.
    package static func obstacleForEndingThread() -> Errno? {
        do throws(Errno) {
            _ = try check { pinfold_prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) }
            // RET_ALLOW.
            var allow = sock_filter(code: 0x06, jt: 0, jf: 0, k: 0x7fff_0000)
            close(try check { unsafe pinfold_seccomp_listener(&allow, 1, 0) })
            return nil
        } catch {
            return error
        }
    }
}
