internal import CLinux

/// The system calls that no command behind the fence may make, and why: each answers EPERM. The numbers above 423 are the same on every architecture.
///
/// All else is allowed up to the newest call that this table was read against; a newer one does not exist (ENOSYS), which programs are ready for.
enum DeniedCalls {
    static let newestKnown: Int32 = 469

    /// The view and its read-only mount are what protects the host: nobody rearranges mounts, or asks for a file system by descriptor.
    static let mounts: [Int32] = [
        Int32(SYS_mount), Int32(SYS_umount2), Int32(SYS_pivot_root), Int32(SYS_chroot),
        openTree, moveMount, fsopen, fsconfig, fsmount, fspick, mountSetattr, openTreeAttr,
    ]

    /// Files opened by handle are not bound to any directory: the classic way out of a container.
    static let handles: [Int32] = [Int32(SYS_open_by_handle_at)]

    /// Namespaces that others made; those that it would make itself are in `SystemCallFilter`, by flag.
    static let namespaces: [Int32] = [Int32(SYS_setns)]

    /// Other processes' memory and descriptors.
    static let otherProcesses: [Int32] = [
        Int32(SYS_ptrace), Int32(SYS_process_vm_readv), Int32(SYS_process_vm_writev), Int32(SYS_kcmp), processMadvise, pidfdGetfd,
        processMrelease, Int32(SYS_move_pages), Int32(SYS_migrate_pages),
    ]

    /// The kernel itself, or its logs: all need capabilities that are gone already.
    static let kernel: [Int32] = [
        Int32(SYS_kexec_load), Int32(SYS_kexec_file_load), Int32(SYS_init_module), Int32(SYS_finit_module),
        Int32(SYS_delete_module),
        Int32(SYS_reboot), Int32(SYS_swapon), Int32(SYS_swapoff), Int32(SYS_acct), Int32(SYS_quotactl), quotactlFd,
        Int32(SYS_syslog),
        Int32(SYS_settimeofday), Int32(SYS_clock_settime), Int32(SYS_clock_adjtime), Int32(SYS_adjtimex), Int32(SYS_sethostname),
        Int32(SYS_setdomainname), Int32(SYS_vhangup), Int32(SYS_nfsservctl), Int32(SYS_lookup_dcookie),
        pinfold_SYS_iopl, pinfold_SYS_ioperm, pinfold_SYS_uselib, pinfold_SYS_ustat, pinfold_SYS_sysfs, pinfold_SYS__sysctl,
        pinfold_SYS_create_module, pinfold_SYS_get_kernel_syms, pinfold_SYS_query_module, pinfold_SYS_modify_ldt,
    ]

    /// Large, young or privileged parts of the kernel where its faults have been: programs do without them.
    static let attackSurface: [Int32] = [
        Int32(SYS_bpf), Int32(SYS_perf_event_open), Int32(SYS_userfaultfd), Int32(SYS_fanotify_init), Int32(SYS_fanotify_mark),
        ioUringSetup, ioUringEnter, ioUringRegister, Int32(SYS_add_key), Int32(SYS_request_key), Int32(SYS_keyctl),
    ]

    /// What a file system keeps of a file besides what every one has. Its project number among that, which whoever owns the file may change, and by
    /// which the file system counts quotas.
    static let fileAttributes: [Int32] = [fileSetattr]

    /// Memory that the kernel reads for its owner and for nobody else: paths in it would be in no record of refusals.
    static let hiddenMemory: [Int32] = [memfdSecret]

    static let all: [Int32] =
        (mounts + handles + fileAttributes + namespaces + otherProcesses + kernel + attackSurface + hiddenMemory).filter { $0 >= 0 }

    private static let ioUringSetup: Int32 = 425
    private static let ioUringEnter: Int32 = 426
    private static let ioUringRegister: Int32 = 427
    private static let openTree: Int32 = 428
    private static let moveMount: Int32 = 429
    private static let fsopen: Int32 = 430
    private static let fsconfig: Int32 = 431
    private static let fsmount: Int32 = 432
    private static let fspick: Int32 = 433
    static let clone3: Int32 = 435
    private static let pidfdGetfd: Int32 = 438
    private static let processMadvise: Int32 = 440
    private static let mountSetattr: Int32 = 442
    private static let quotactlFd: Int32 = 443
    private static let memfdSecret: Int32 = 447
    private static let processMrelease: Int32 = 448
    private static let openTreeAttr: Int32 = 467
    private static let fileSetattr: Int32 = 469
}
