package import LinuxSystem

/// Who is told, outside, of calls that a confined command makes, each before the kernel makes it (`man 2 seccomp_unotify`).
///
/// The fence and its supervisor talk over one channel: the fence says that its mounts are made (a byte), and sends the listener when it has tested
/// itself; the supervisor answers (a byte) when it listens, and only then the command starts. Who shuts the channel ends the fence.
package protocol CallSupervisor: Sendable {
    /// Which calls it is told of. It must refuse none: what a fence refuses is its own filter's.
    var filter: FilterProgram { get }

    /// Listens from now on.
    ///
    /// - Parameter process: the first one behind the fence.
    func start(process: Int32, channel: SharedDescriptor)

    /// Waits until nothing is left to be done about what it was told, for `milliseconds` at most: when the command has ended, nothing more comes.
    func finish(withinMilliseconds milliseconds: Int)
}
