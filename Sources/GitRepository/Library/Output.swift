internal import CLinux

/// Writes `text` whole to a descriptor; what cannot be written is lost.
package func say(_ text: String, to descriptor: Int32) {
    try? PackExport.write(Array(text.utf8), to: descriptor)
}

/// Ends the process at once.
package func end(_ code: Int32) -> Never { exit(code) }

package func ignoreBrokenPipes() { pinfold_ignore_broken_pipes() }

/// Lets this process start no other from here on, whatever it reads, and no thread. The kernel counts what its user runs anywhere, so any other
/// number would be used up by others.
package func startNoProcesses() {
    var none = rlimit(rlim_cur: 0, rlim_max: 0)
    _ = unsafe pinfold_setrlimit(pinfold_RLIMIT_NPROC, &none)
}

/// Lets this process be killed by SIGALRM after so many seconds, whatever it does then.
package func endAfter(seconds: UInt32) { _ = alarm(seconds) }

/// Lets this process be killed when the thread that started it ends, however that happens (`man 2 prctl`, PR_SET_PDEATHSIG). False where it
/// has ended already.
package func endWithParent() -> Bool {
    let parent = getppid()
    return pinfold_prctl(PR_SET_PDEATHSIG, UInt(SIGKILL), 0, 0, 0) == 0 && getppid() == parent
}
