internal import CLinux
internal import LinuxSystem
package import SystemPackage

/// Whether refusals in the view can be recorded on this machine.
package enum RefusalRecord {
    /// Why calls cannot be told of on this machine; nil where they can. Tried in a thread of its own: a filter cannot be taken off, and holds for
    /// the thread that took it on (`man 2 seccomp`), as PR_SET_NO_NEW_PRIVS does.
    package static var obstacle: Errno? {
        let found = Lock<Errno?>(nil)
        do throws(Errno) {
            try SystemThread("trial") {
                do throws(Errno) {
                    _ = try check { pinfold_prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) }
                    // RET_ALLOW.
                    var allow = sock_filter(code: 0x06, jt: 0, jf: 0, k: 0x7fff_0000)
                    close(try check { unsafe pinfold_seccomp_listener(&allow, 1, 0) })
                } catch {
                    found.withLock { $0 = error }
                }
            }.join()
        } catch {
            return error
        }
        return found.withLock { $0 }
    }
}
