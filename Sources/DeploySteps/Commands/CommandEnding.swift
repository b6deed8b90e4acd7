internal import DeployModel
internal import LinuxSystem

extension VerdictRule.Ending {
    init(_ status: ExitStatus) {
        switch status {
        // What a shell and the fence make of a signal.
        case .exited(let code) where code > 128 && code < 160: self = .signaled(code - 128)
        case .exited(let code): self = .exited(code)
        case .signaled(let signal): self = .signaled(signal)
        }
    }

    var succeeded: Bool { self == .exited(0) }

    var sentence: String {
        switch self {
        case .exited(let code): "exit code \(code)"
        case .signaled(let signal): "signal \(signal)"
        case .timedOut(let seconds): "no end within \(seconds) s"
        case .outOfMemory(let reason, let then): "\(then): \(reason)"
        }
    }
}
