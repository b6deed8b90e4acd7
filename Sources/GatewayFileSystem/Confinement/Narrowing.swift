internal import CLinux
internal import LinuxSystem
internal import SystemPackage

/// What the daemon gives up before it serves anybody: a fault in it must not be worth root.
enum Narrowing {
    /// What serving needs. SYS_ADMIN for backing files, mounts, fanotify and `trusted.` attributes; DAC_READ_SEARCH for file
    /// handles; DAC_OVERRIDE, CHOWN, FOWNER and FSETID because the kernel has checked the caller already; SETUID, SETGID to make
    /// files as the caller; SETFCAP for `security.capability`; LEASE to ask whether anybody has a file open for writing. Never SYS_RESOURCE, which would take the agent past disk quotas.
    static let kept: Capabilities = [
        .systemAdministration, .dacOverride, .dacReadSearch, .chown, .fowner, .fsetid, .setuid, .setgid, .setfcap,
        .lease,
    ]

    /// Of this thread and of all that it starts from then on: call it before there are others.
    static func apply() throws(Errno) {
        // Nothing of the network, of shared memory, of names of hosts or of control groups is any of this daemon's business, and namespaces
        // of its own cost it nothing. Those of mounts and processes stay the host's: a view that is mounted, unmounted and watched for
        // everybody has to be in everybody's mounts, and callers are told by their numbers in everybody's processes.
        _ = try check { pinfold_unshare(CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP) }
        try FileCreator.prepareProcess()
        _ = try check { pinfold_thread_setgroups(0, nil) }
        try Capabilities.reduce(to: kept, dormant: [.fsetid])
        // No program that this process might be made to start has more than it.
        _ = try check { pinfold_prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) }
        // No core file with other people's data, and nobody of the same user reads its memory.
        _ = try check { pinfold_prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) }
        _ = try check { unsafe chdir("/") }
        umask(0)
    }

    /// Raises the limit of descriptors to `wanted`, or to what the hard limit allows; answers what it is now.
    static func descriptorLimit(_ wanted: Int?) -> Int {
        var limit = rlimit()
        guard unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return 1024 }
        limit.rlim_cur = min(limit.rlim_max, wanted.map { rlim_t($0) } ?? limit.rlim_max)
        _ = unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        return Int(clamping: limit.rlim_cur)
    }
}
