internal import CLinux
internal import LinuxSystem
internal import SystemPackage

enum ResourceLimits {
    /// Sets soft and hard limit alike; what is above the hard limit that root has here becomes that one, since raising needs CAP_SYS_RESOURCE.
    static func apply(_ limits: Fence.Limits) throws(FenceError) {
        try set(pinfold_RLIMIT_CORE, to: 0)
        // A pool of memory that `--unshare-ipc` does not bound: POSIX message queues.
        try set(pinfold_RLIMIT_MSGQUEUE, to: 819_200)
        if let value = limits.descriptors { try set(pinfold_RLIMIT_NOFILE, to: value) }
        if let value = limits.fileBytes { try set(pinfold_RLIMIT_FSIZE, to: value) }
        if let value = limits.cpuSeconds { try set(pinfold_RLIMIT_CPU, to: value) }
        if let value = limits.memoryBytes { try set(pinfold_RLIMIT_DATA, to: value) }
        if let value = limits.processes { try set(pinfold_RLIMIT_NPROC, to: value) }
        preferAsVictim()
    }

    private static func set(_ resource: Int32, to value: UInt64) throws(FenceError) {
        var current = rlimit()
        _ = try call("getrlimit") { unsafe pinfold_getrlimit(resource, &current) }
        let bounded = min(rlim_t(value), current.rlim_max)
        var limit = rlimit(rlim_cur: bounded, rlim_max: bounded)
        _ = try call("setrlimit") { unsafe pinfold_setrlimit(resource, &limit) }
    }

    /// When the host's memory runs out, what is behind the fence goes first (`man 5 proc_pid_oom_score_adj`). Raising it is always allowed.
    private static func preferAsVictim() {
        guard let file = try? Descriptor.open("/proc/self/oom_score_adj", .writeOnly) else { return }
        _ = unsafe write(file.rawValue, "500", 3)
    }
}
