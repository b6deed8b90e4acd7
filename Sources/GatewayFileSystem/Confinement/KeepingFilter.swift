internal import CLinux
internal import LinuxSystem
internal import SystemPackage

/// The filter that the first process lives behind once the view is served, and with it each server that it starts later, which has its own besides
/// (`ServingFilter`). It has the same rights as they, hears nothing of anybody, and this is for the case that something is wrong with that.
///
/// What it may do beside serving: start a server and wait for it, signal it, and hand its descriptors to the process that takes its place (`Handover`), which it may
/// end: `sendmsg`, and signals by a descriptor of a process. A server has its own filter besides, which allows it neither.
enum KeepingFilter {
    static func install() throws(Errno) {
        var program = FilterProgram()
        for number in ServingCalls.all + keeping { program.ifEqual(UInt32(number), .allow) }
        program.onCall(UInt32(SYS_clone), argument: 0) { $0.ifAnyBit(ServingFilter.newNamespaces, .fail(.notPermitted)) }
        // The C library falls back to clone, whose flags can be looked at.
        program.ifEqual(ServingFilter.clone3, .fail(.noFunction))
        program.onCall(UInt32(SYS_unshare), argument: 0) { rules in
            rules.ifEqual(UInt32(bitPattern: pinfold_CLONE_FS), .allow)
            rules.always(.fail(.notPermitted))
        }
        program.onCall(UInt32(SYS_ioctl), argument: 1) { rules in
            for request in ServingFilter.requests { rules.ifEqual(request, .allow) }
            rules.always(.fail(.notPermitted))
        }
        program.always(.fail(.notPermitted))
        try program.install(on: .thisThread)
    }

    private static let keeping: [Int32] =
        [
            Int32(SYS_wait4), Int32(SYS_kill), Int32(SYS_tgkill), Int32(SYS_getppid), Int32(SYS_prctl), Int32(SYS_eventfd2),
            Int32(SYS_signalfd4),
            Int32(SYS_mmap), Int32(SYS_mprotect), Int32(SYS_memfd_create), Int32(SYS_prlimit64), Int32(SYS_chdir),
            Int32(SYS_set_tid_address), pidfdOpen, seccomp, Int32(SYS_sendmsg), pidfdSendSignal,
        ] + older
    private static let pidfdOpen: Int32 = 434
    private static let pidfdSendSignal: Int32 = 424
    private static let seccomp = Int32(SYS_seccomp)

    #if arch(x86_64)
        private static let older: [Int32] = [
            Int32(SYS_access), Int32(SYS_arch_prctl), Int32(SYS_stat), Int32(SYS_open), Int32(SYS_rename), Int32(SYS_getrlimit),
            Int32(SYS_mkdir), Int32(SYS_rmdir),
        ]
    #else
        private static let older: [Int32] = []
    #endif
}
