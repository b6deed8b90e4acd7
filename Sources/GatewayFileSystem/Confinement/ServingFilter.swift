internal import CLinux
internal import LinuxSystem
internal import Synchronization
package import SystemPackage

/// The filter that the daemon serves behind: a list of what is allowed. Whoever takes a thread over has no program to start, no socket to make,
/// no mount, no namespace, no other process.
///
/// A call that is not in the list fails with EPERM, so that what made it fails and the view goes on being served; and it is said in the
/// daemon's log with its number, by a handler of SIGSYS, since a refusal that nobody hears of is either a bug that nobody finds or an attack
/// that nobody sees. The kernel's audit log gets it too where there is one. Ending the process instead would let whoever finds one odd call
/// take the view from everybody.
package enum ServingFilter {
    /// Of all threads, those that are there already too. The process has `no_new_privs`.
    package static func install() throws(Errno) {
        try RefusedCall.handle()
        try program().install(on: .allThreads)
    }

    /// In the order in which it decides.
    private static func program() -> FilterProgram {
        var program = FilterProgram()
        for number in ServingCalls.all { program.ifEqual(UInt32(number), .allow) }
        // Flags behind a pointer cannot be looked at; the C library falls back to clone.
        program.ifEqual(clone3, .fail(.noFunction))
        program.onCall(UInt32(SYS_clone), argument: 0) { rules in
            rules.ifAnyBit(newNamespaces, .trap)
            rules.ifAnyBit(thread, .allow)
            rules.always(.trap)
        }
        for number in [SYS_mmap, SYS_mprotect] {
            program.onCall(UInt32(number), argument: 2) { $0.ifAnyBit(UInt32(PROT_EXEC), .trap) }
        }
        // A thread's own umask and working directory: `FileCreator`.
        program.onCall(UInt32(SYS_unshare), argument: 0) { only([UInt32(bitPattern: pinfold_CLONE_FS)], &$0) }
        program.onCall(UInt32(SYS_prctl), argument: 0) { only([UInt32(PR_SET_NAME)], &$0) }
        program.onCall(UInt32(SYS_ioctl), argument: 1) { only(requests, &$0) }
        // What `abort` does.
        program.onCall(UInt32(SYS_tgkill), argument: 0) { only([UInt32(getpid())], &$0) }
        program.always(.trap)
        return program
    }

    private static func only(_ values: [UInt32], _ rules: inout FilterProgram) {
        for value in values { rules.ifEqual(value, .allow) }
        rules.always(.trap)
    }

    static let clone3: UInt32 = 435
    /// CLONE_THREAD.
    private static let thread: UInt32 = 0x0001_0000
    /// CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET.
    static let newNamespaces: UInt32 =
        0x0002_0000 | 0x0200_0000 | 0x0400_0000 | 0x0800_0000 | 0x1000_0000 | 0x2000_0000 | 0x4000_0000
    static let requests = [openBacking, closeBacking, fileExtents]
    /// FUSE_DEV_IOC_BACKING_OPEN and _CLOSE: `_IOW(229, 1, 16 bytes)`, `_IOW(229, 2, 4 bytes)`.
    private static let openBacking: UInt32 = 0x4010_e501
    private static let closeBacking: UInt32 = 0x4004_e502
    /// FS_IOC_FIEMAP, `_IOWR('f', 11, 32 bytes)`: what of a file is allocated, where a zone has a quota.
    private static let fileExtents: UInt32 = 0xc020_660b
}

/// What becomes of a call that the filter refuses.
private enum RefusedCall {
    /// Which were said, a bit for each number: a thread that was taken over shall neither fill the log nor hide one call behind many of another.
    private static let said = InlineArray<8, Atomic<UInt64>> { _ in Atomic(0) }

    static func handle() throws(Errno) {
        // Made here, and not by the first refusal, which may come in the middle of the allocator.
        _ = said[0].load(ordering: .relaxed)
        var action = sigaction()
        unsafe action.__sigaction_handler.sa_sigaction = { _, information, context in
            guard let information = unsafe information, let context = unsafe context else { return }
            unsafe RefusedCall.say(pinfold_refused_call(information))
            unsafe pinfold_set_call_result(context, -Int64(EPERM))
        }
        action.sa_flags = SA_SIGINFO
        _ = try check { unsafe sigaction(SIGSYS, &action, nil) }
    }

    /// A line to standard error without allocating: this runs inside whatever was interrupted.
    private static func say(_ number: Int32) {
        let index = Int(min(UInt32(bitPattern: number), 511))
        let bit = UInt64(1) << (index % 64)
        guard said[index / 64].bitwiseOr(bit, ordering: .relaxed).oldValue & bit == 0 else { return }
        var digits: InlineArray<4, UInt8> = .init(repeating: UInt8(ascii: " "))
        var rest = max(number, 0)
        for index in stride(from: 3, through: 0, by: -1) where rest > 0 || index == 3 {
            digits[index] = UInt8(ascii: "0") + UInt8(rest % 10)
            rest /= 10
        }
        write("pinfold-mount: the system call with the number")
        let span = digits.span
        _ = unsafe span.withUnsafeBytes { unsafe CLinux.write(2, $0.baseAddress, $0.count) }
        write(" was refused (EPERM): serving needs no such call\n")
    }

    private static func write(_ text: StaticString) {
        _ = unsafe CLinux.write(2, text.utf8Start, text.utf8CodeUnitCount)
    }
}
