internal import AdminClient
internal import AdminInterface
internal import CLinux
internal import DeployModel
internal import LinuxSystem
internal import SystemPackage

/// What this process gives up before it makes a page of what strangers wrote: to be root. It becomes ``ReviewUser``, by which the daemon knows it,
/// with no capability, no file but the daemon's socket and `/proc`, no program to start, nobody to send a signal to.
package enum Seclusion {
    /// Where the socket is afterwards.
    private static let place = "/review"

    /// Call it before there are other threads.
    /// - Returns: the path by which the daemon's socket at `path` is reached from then on, whichever daemon listens there later.
    /// - Throws: ``Problem`` where no daemon answers; ``WebServerError`` where something cannot be given up.
    package static func enter(askingAt path: String) throws -> String {
        // What is wrong with the daemon is said in its own words, as long as there are paths to say it with.
        do {
            let _: StatusDocument = try AdminClient(socketPath: path).ask(.status)
        } catch {
            if case .problem(let problem) = error { throw problem }
            throw Problem(.unavailable, "\(error)")
        }
        do {
            let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) ?? path.startIndex
            try leave(for: try Descriptor.open(String(path[..<slash]), [.path, .directory, .noFollow]))
            _ = try check { pinfold_thread_setgroups(0, nil) }
            Capabilities.bound(to: [])
            let user = ReviewUser.id
            _ = try check { setresgid(user, user, user) }
            // What could be used goes with it (`man 7 capabilities`).
            _ = try check { setresuid(user, user, user) }
            try Capabilities.reduce(to: [])
            _ = try check { pinfold_prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) }
            // No core file with the session's secret, and nobody of the same user reads its memory.
            _ = try check { pinfold_prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) }
            try program().install(on: .thisThread)
            return place + path[slash...]
        } catch {
            throw WebServerError("the page is not served with all of root's power, and it cannot be given up here: \(error)")
        }
    }

    /// Makes a tree of the socket's directory and of `/proc`, which says whose a connection is, the only one there is.
    ///
    /// Before the capabilities go. It needs no other file, and could read what everybody may.
    private static func leave(for directory: borrowing Descriptor) throws(Errno) {
        let attributes: DetachedMount.Attributes = [.readOnly, .noSetuid, .noDevices, .noExecution]
        let socket = try DetachedMount.clone(of: directory, recursive: false, attributes)
        // With what a container may have laid over parts of it.
        let proc = try DetachedMount.clone(of: try Descriptor.open("/proc", [.path, .directory]), recursive: true, attributes)
        _ = try check { pinfold_unshare(CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP) }
        var change = pinfold_mount_attr(attr_set: 0, attr_clr: 0, propagation: UInt64(PINFOLD_MS_PRIVATE), userns_fd: 0)
        _ = try check { unsafe pinfold_mount_setattr(pinfold_AT_FDCWD, "/", UInt32(PINFOLD_AT_RECURSIVE), &change) }
        let tree = try DetachedMount.new(
            type: "tmpfs", [("mode", "0555"), ("nr_inodes", "3"), ("source", "pinfold-web")], [.noSetuid, .noDevices, .noExecution])
        let root = try tree.root.duplicate()
        // Any directory does that is surely there, opened in these mounts: all that was mounted before goes.
        try tree.attach(to: try Descriptor.open("/proc", [.path, .directory]))
        let raw = root.rawValue
        for name in ["review", "proc"] { _ = try check { unsafe mkdirat(raw, name, 0o555) } }
        try socket.attach(to: try root.open("review", [.path, .directory]))
        try proc.attach(to: try root.open("proc", [.path, .directory]))
        _ = try check { fchdir(raw) }
        // The old root lies over the new one then, and is what "." names (`man 2 pivot_root`).
        _ = try check { unsafe pinfold_pivot_root(".", ".") }
        try Unmounting.unmount(".", lazily: true)
        _ = try check { unsafe chdir("/") }
        change = pinfold_mount_attr(attr_set: UInt64(PINFOLD_MOUNT_ATTR_RDONLY), attr_clr: 0, propagation: 0, userns_fd: 0)
        _ = try check { unsafe pinfold_mount_setattr(pinfold_AT_FDCWD, "/", 0, &change) }
    }

    /// What a process may without a capability and this one never does: start a program, reach into or end another page's process, get
    /// capabilities in a namespace of its own.
    private static func program() -> FilterProgram {
        var program = FilterProgram()
        for number in refused { program.ifEqual(UInt32(number), .fail(.notPermitted)) }
        // Flags behind a pointer cannot be looked at; the C library falls back to clone.
        program.ifEqual(435, .fail(.noFunction))
        program.onCall(UInt32(SYS_clone), argument: 0) { rules in
            // CLONE_THREAD: no process either.
            rules.ifAnyBit(0x0001_0000, .allow)
            rules.always(.fail(.notPermitted))
        }
        // Of the kernel's own conversations the one that says whose a socket is.
        program.onCall(UInt32(SYS_socket), argument: 0) { rules in
            rules.onlyIfEqual(UInt32(SocketDiagnosis.family), otherwise: .allow, thenArgument: 2)
            rules.ifEqual(UInt32(SocketDiagnosis.diagnosis), .allow)
            rules.always(.fail(.protocolNotSupported))
        }
        // What `abort` does.
        program.onCall(UInt32(SYS_tgkill), argument: 0) { rules in
            rules.ifEqual(UInt32(getpid()), .allow)
            rules.always(.fail(.notPermitted))
        }
        // Its own limits, and nobody else's.
        program.onCall(UInt32(SYS_prlimit64), argument: 0) { rules in
            rules.ifEqual(0, .allow)
            rules.always(.fail(.notPermitted))
        }
        program.always(.allow)
        return program
    }

    private static let refused: [Int32] =
        [
            Int32(SYS_execve), Int32(SYS_execveat), Int32(SYS_ptrace), Int32(SYS_process_vm_readv), Int32(SYS_process_vm_writev),
            Int32(SYS_kill), Int32(SYS_tkill), Int32(SYS_rt_sigqueueinfo), Int32(SYS_rt_tgsigqueueinfo), pidfdSendSignal,
            pidfdGetfd,
            Int32(SYS_unshare), Int32(SYS_setns), Int32(SYS_bpf), Int32(SYS_perf_event_open), Int32(SYS_keyctl), Int32(SYS_add_key),
            Int32(SYS_request_key), ioUringSetup, Int32(SYS_userfaultfd),
        ] + older
    /// What makes a process by its own number.
    #if arch(x86_64)
        private static let older: [Int32] = [Int32(SYS_fork), Int32(SYS_vfork)]
    #else
        private static let older: [Int32] = []
    #endif
    private static let pidfdSendSignal: Int32 = 424
    private static let ioUringSetup: Int32 = 425
    private static let pidfdGetfd: Int32 = 438
}
