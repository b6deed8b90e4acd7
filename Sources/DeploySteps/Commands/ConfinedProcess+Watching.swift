internal import Fence
internal import LinuxSystem

/// How a confined process that was watched has ended.
struct WatchedEnding: Sendable {
    /// nil where the deadline came first.
    let status: ExitStatus?
    /// Whether the program was come to.
    let hasStarted: Bool
    let starved: ControlGroup.OutOfMemory?
}

extension ConfinedProcess {
    /// Brings it to its end, while what it says is taken in. At the deadline, when it is called off, and where `meanwhile` throws, everything in it
    /// is killed.
    /// - Parameter meanwhile: called twenty times a second.
    /// - Throws: `Cancelled`, and what `meanwhile` throws.
    consuming func watched(
        until deadline: ContinuousClock.Instant, saying pipe: inout OutputPipe, into output: inout CappedOutput,
        _ cancellation: Cancellation, meanwhile: () throws -> Void = {}
    ) throws -> WatchedEnding {
        var isLate = false
        do {
            while try !ends(withinMilliseconds: 0) {
                try cancellation.check()
                isLate = ContinuousClock.now >= deadline
                if isLate { break }
                try meanwhile()
                pipe.drain(waiting: 50, into: &output)
            }
        } catch {
            try? kill()
            _ = try wait()
            throw error
        }
        if isLate { try? kill() }
        let (hasStarted, starved) = (hasStarted(), outOfMemory)
        let status = try wait()
        // Its namespace is gone and every writer with it: what is in the pipe is all that there is.
        for _ in 0..<64 { pipe.drain(waiting: 0, into: &output) }
        return WatchedEnding(status: isLate ? nil : status, hasStarted: hasStarted, starved: starved)
    }
}
