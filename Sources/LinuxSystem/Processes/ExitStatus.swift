internal import CLinux

/// How a process ended (`man 2 waitpid`).
package enum ExitStatus: Hashable, Sendable, CustomStringConvertible {
    case exited(Int32)
    case signaled(Int32)

    package init(status: Int32) {
        self = pinfold_WIFEXITED(status) != 0 ? .exited(pinfold_WEXITSTATUS(status)) : .signaled(pinfold_WTERMSIG(status))
    }

    package var isSuccess: Bool { self == .exited(0) }

    /// The number that a shell would show: the exit code, or 128 and the signal.
    package var shellCode: Int32 {
        switch self {
        case .exited(let code): code
        case .signaled(let signal): 128 + signal
        }
    }

    package var description: String {
        switch self {
        case .exited(let code): "exit code \(code)"
        case .signaled(let signal): "signal \(signal)"
        }
    }
}
