internal import CLinux

/// What a process does with itself.
package enum ThisProcess {
    /// Ends the process with all its threads (`man 3 exit`).
    package static func exit(_ code: Int32) -> Never { CLinux.exit(code) }

    /// Whether this process has a descriptor of that number open (`man 2 fcntl`, F_GETFD).
    package static func hasDescriptor(_ number: Int32) -> Bool { pinfold_fcntl(number, F_GETFD, 0) != -1 }
}
