internal import CLinux
internal import Fence
internal import LinuxSystem
internal import SystemPackage

/// The standard streams of a command: what it gets of this process's, and how they come back.
///
/// A terminal is handed on to a command that takes it over as the job in its foreground, and to no other. Elsewhere the command is
/// in a session of its own, where the kernel's job control (SIGTTIN, SIGTTOU) does not hold: with the terminal open it would read
/// what is typed for others, passwords too, and change the settings under them.
struct CommandStreams: ~Copyable {
    /// What the command gets, by number; /dev/null for one that is not in here.
    private(set) var descriptors: [Int32: Int32] = [:]
    private var copies: [TerminalCopy] = []
    /// The command's ends of the copies, until it has them.
    private var ends: [SharedDescriptor] = []
    /// Those that are handed on, with the flags of the open files, which others share.
    private var lent: [(number: Int32, flags: Int32)] = []
    /// Of the terminal that the command takes over.
    private var settings: termios?

    /// - Parameter terminal: whether the command takes over the terminal that is standard input.
    init(terminal: Bool) throws(FenceError) {
        for number in Int32(0)...2 {
            if isatty(number) == 0 || terminal && tcgetpgrp(number) == getpgrp() {
                descriptors[number] = number
                lent.append((number, pinfold_fcntl(number, F_GETFL, 0)))
            } else if number > 0 {
                try copy(number)
            }
        }
        if terminal {
            var settings = termios()
            unsafe tcgetattr(0, &settings)
            self.settings = settings
        }
    }

    private mutating func copy(_ number: Int32) throws(FenceError) {
        // One for both where they are one terminal, so that what is written to them keeps its order.
        if let copy = copies.first, Self.device(copy.number) == Self.device(number) {
            descriptors[number] = descriptors[copy.number]
            return
        }
        do throws(Errno) {
            let (copy, end) = try TerminalCopy.start(to: number)
            descriptors[number] = end.descriptor.rawValue
            copies.append(copy)
            ends.append(end)
        } catch {
            throw FenceError(
                "no terminal can be made for what the command writes to descriptor \(number): \(error); redirect it to a file",
                kind: .refused)
        }
    }

    private static func device(_ number: Int32) -> UInt64? {
        var status = stat()
        return unsafe fstat(number, &status) == 0 ? UInt64(status.st_rdev) : nil
    }

    /// To be called when the command has what it gets: as long as this process has it too, its end is not seen.
    mutating func letGo() {
        ends = []
        descriptors = [:]
    }

    /// The caller's window has another size.
    func followSize() {
        for copy in copies { copy.followSize() }
    }

    /// When everything behind the fence has ended: waits for what is still to be copied, and undoes what the command may have done
    /// to open files that others share.
    consuming func giveBack() {
        ends = []
        for copy in copies { copy.finish() }
        for (number, flags) in lent {
            if isatty(number) == 1 {
                // Stopped by TCOOFF, it would keep every writer waiting; with TIOCEXCL nobody else could open it.
                tcflow(number, TCOON)
                _ = pinfold_ioctl(number, UInt(TIOCNXCL), nil)
            }
            if pinfold_fcntl(number, F_GETFL, 0) != flags { _ = pinfold_fcntl(number, F_SETFL, Int64(flags)) }
        }
        if var settings {
            tcsetpgrp(0, getpgrp())
            unsafe tcsetattr(0, TCSADRAIN, &settings)
        }
    }
}
