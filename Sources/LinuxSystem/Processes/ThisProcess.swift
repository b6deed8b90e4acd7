internal import CLinux
package import SystemPackage

/// What a process does with itself.
package enum ThisProcess {
    /// Ends the process with all its threads (`man 3 exit`).
    package static func exit(_ code: Int32) -> Never { CLinux.exit(code) }

    /// The first thing that any of Pinfold's programs does.
    package static func begin() {
        // Swift's runtime would tell of a fault with functions that need what the fault has damaged, the heap's lock say, and the process would stay
        // for ever: it has to end, so that whoever waits for it goes on.
        pinfold_default_faults()
        openClosedStandardStreams()
    }

    /// Opens `/dev/null` in the place of each standard stream that the caller has closed.
    ///
    /// Else what is opened first takes the number: a lock file or a repository's index would get what is meant for people, and `pinfold run` would hand
    /// its own way to the record to the command. Where there is no `/dev/null` the process ends with 1: it has nobody to tell.
    private static func openClosedStandardStreams() {
        for number in Int32(0)...2 where !hasDescriptor(number) {
            // An open takes the lowest number that is free, and those below are not. Not by the C library's `open`, in whose place `pinfold-git` has one
            // that opens no device.
            let opened = unsafe pinfold_openat(pinfold_AT_FDCWD, "/dev/null", number == 0 ? O_RDONLY : O_WRONLY, 0)
            guard opened == number else { _exit(1) }
        }
    }

    /// The numbers of all descriptors that are open.
    package static func descriptors() throws(Errno) -> [Int32] {
        // Not of the one that was open while it looked.
        try ProcessEntry(getpid()).descriptors().filter(hasDescriptor)
    }

    /// Whether this process has a descriptor of that number open (`man 2 fcntl`, F_GETFD).
    package static func hasDescriptor(_ number: Int32) -> Bool { pinfold_fcntl(number, F_GETFD, 0) != -1 }
}
