internal import CLinux
internal import LinuxSystem

/// The second seccomp filter: it refuses nothing, and lets whoever listens see each call that would modify something before it is made.
///
/// Refusing has precedence over telling, and telling over allowing, whichever filter says so: what the first filter refuses is never
/// told, and a filter that the command adds can hide a call from the listener only by not making it. A tree of filters has one listener,
/// so the command cannot put one of its own in front (`man 2 seccomp`, `man 2 seccomp_unotify`).
enum ModifyingCallFilter {
    /// What an open must ask for to change something: a way to write, a name that may be made, content that goes, a file without a name.
    private static let openingToModify = UInt32(O_ACCMODE | O_CREAT | O_TRUNC) | UInt32(pinfold_O_TMPFILE) & ~UInt32(O_DIRECTORY)

    static var program: FilterProgram {
        var program = FilterProgram()
        // The most frequent first. The kernel knows of calls that are not in here that they are allowed, and does not run this for them.
        for number in [ModifyingCall.openAt, pinfold_SYS_open] where number >= 0 {
            program.onCall(UInt32(number), argument: number == ModifyingCall.openAt ? 2 : 1) { rules in
                // Nothing but a location: the other flags do not count.
                rules.ifAnyBit(UInt32(pinfold_O_PATH), .allow)
                rules.ifAnyBit(openingToModify, .notify)
            }
        }
        let conditional = [ModifyingCall.openAt, pinfold_SYS_open]
        for number in ModifyingCall.byNumber.keys.sorted() where !conditional.contains(number) {
            program.ifEqual(UInt32(number), .notify)
        }
        program.always(.allow)
        return program
    }
}
