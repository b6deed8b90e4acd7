internal import CLinux

/// The system calls that serving, coherence, auditing, unmounting and stopping make once a gateway is set up: the daemon may make no others.
///
/// What works on descriptors and names is taken in generously, since it is what the daemon is for and its mounts bound it; all else is here
/// because something was seen to need it. The kernel keeps a map of calls that are allowed whatever their arguments, so the length costs nothing.
enum ServingCalls {
    /// Files by descriptor, by handle, and by name below a descriptor.
    static let files: [Int32] = [
        Int32(SYS_read), Int32(SYS_write), Int32(SYS_readv), Int32(SYS_writev), Int32(SYS_pread64), Int32(SYS_pwrite64),
        Int32(SYS_preadv), Int32(SYS_pwritev), Int32(SYS_preadv2), Int32(SYS_pwritev2), Int32(SYS_splice), Int32(SYS_tee),
        Int32(SYS_vmsplice), Int32(SYS_pipe2), Int32(SYS_copy_file_range), Int32(SYS_lseek), Int32(SYS_ftruncate),
        Int32(SYS_truncate), Int32(SYS_fallocate), Int32(SYS_fadvise64), Int32(SYS_fsync), Int32(SYS_fdatasync),
        Int32(SYS_syncfs), Int32(SYS_sync_file_range), Int32(SYS_flock), Int32(SYS_fcntl), Int32(SYS_dup), Int32(SYS_dup3),
        Int32(SYS_close), Int32(SYS_close_range), Int32(SYS_fstat), Int32(SYS_newfstatat), Int32(SYS_statx), Int32(SYS_statfs),
        Int32(SYS_fstatfs), Int32(SYS_getdents64), Int32(SYS_openat), Int32(SYS_openat2), Int32(SYS_name_to_handle_at),
        Int32(SYS_open_by_handle_at), Int32(SYS_faccessat), Int32(SYS_faccessat2), Int32(SYS_readlinkat), Int32(SYS_mkdirat),
        Int32(SYS_mknodat), Int32(SYS_symlinkat), Int32(SYS_linkat), Int32(SYS_unlinkat), Int32(SYS_renameat), Int32(SYS_renameat2),
        Int32(SYS_fchmod), Int32(SYS_fchmodat), Int32(SYS_fchown), Int32(SYS_fchownat), Int32(SYS_utimensat), Int32(SYS_umask),
        Int32(SYS_setxattr), Int32(SYS_lsetxattr), Int32(SYS_fsetxattr), Int32(SYS_getxattr), Int32(SYS_lgetxattr),
        Int32(SYS_fgetxattr), Int32(SYS_listxattr), Int32(SYS_llistxattr), Int32(SYS_flistxattr), Int32(SYS_removexattr),
        Int32(SYS_lremovexattr), Int32(SYS_fremovexattr),
    ]

    /// Memory: `mmap` and `mprotect` besides, which `ServingFilter` keeps from making code.
    static let memory: [Int32] = [Int32(SYS_munmap), Int32(SYS_mremap), Int32(SYS_madvise), Int32(SYS_brk), Int32(SYS_msync)]

    /// Threads, and the C library's own business: `clone` besides, for threads alone.
    static let threads: [Int32] = [
        Int32(SYS_futex), Int32(SYS_set_robust_list), Int32(SYS_get_robust_list), Int32(SYS_rseq), Int32(SYS_sched_yield),
        Int32(SYS_sched_getaffinity), Int32(SYS_membarrier), Int32(SYS_exit), Int32(SYS_exit_group), Int32(SYS_rt_sigaction),
        Int32(SYS_rt_sigprocmask), Int32(SYS_rt_sigreturn), Int32(SYS_sigaltstack), Int32(SYS_restart_syscall),
        Int32(SYS_getrandom), Int32(SYS_getpid), Int32(SYS_gettid), Int32(SYS_getrusage), Int32(SYS_sysinfo), Int32(SYS_uname),
    ]

    static let waiting: [Int32] = [
        Int32(SYS_ppoll), Int32(SYS_nanosleep), Int32(SYS_clock_nanosleep), Int32(SYS_clock_gettime),
        Int32(SYS_clock_getres), Int32(SYS_gettimeofday),
    ]

    /// The rings that were there when set-up ended, which take commands to the FUSE device alone (`CommandRing`): none is made, none is widened.
    static let rings: [Int32] = [ioUringEnter]
    private static let ioUringEnter: Int32 = 426

    /// Making files as the caller, and asking who this is.
    static let identity: [Int32] = [
        Int32(SYS_setfsuid), Int32(SYS_setfsgid), Int32(SYS_capget), Int32(SYS_capset), Int32(SYS_getuid), Int32(SYS_geteuid),
        Int32(SYS_getgid), Int32(SYS_getegid),
    ]

    /// A mount that is met for the first time is watched, and the view is taken away at the end. None is made, moved or changed.
    static let mounts: [Int32] = [Int32(SYS_fanotify_mark), Int32(SYS_umount2)]

    /// Of sockets that were there when set-up ended: none is made, none is connected, nothing is sent.
    static let sockets: [Int32] = [
        Int32(SYS_accept4), Int32(SYS_recvmsg), Int32(SYS_recvfrom), Int32(SYS_getsockopt), Int32(SYS_shutdown),
    ]

    /// What the C library still calls by its old number where there is one.
    #if arch(x86_64)
        static let older: [Int32] = [Int32(SYS_poll), Int32(SYS_chmod), Int32(SYS_readlink), Int32(SYS_unlink)]
    #else
        static let older: [Int32] = []
    #endif

    static let all: [Int32] = files + memory + threads + waiting + identity + mounts + sockets + rings + older
}
