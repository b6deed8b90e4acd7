import CLinux
import GatewayFileSystem
import LinuxSystem
import SystemPackage
import TestSupport
import Testing

/// What the daemon itself is left with once it serves: a fault in it must not be worth root.
@Suite(.timeLimit(.minutes(10)))
struct `The daemon that serves` {
    @Test func `a fault of the daemon ends it: nothing stands in the way that could wait for what the fault has damaged`()
        async throws
    {
        try await withGateway(.init(killsServers: true)) { gateway in
            for signal in [SIGSEGV, SIGBUS, SIGABRT, SIGILL, SIGFPE, SIGTRAP] {
                let server = try gateway.server
                kill(server, signal)
                try await eventually("another one serves, after \(signal)") {
                    try gateway.server != gateway.pid && gateway.server != server && exists(gateway.view + "/data")
                }
                let log = try readFile(gateway.log)
                // It may be known that it ended before the kernel says how.
                let ends = ["signal \(signal)", "a fault"].map { "process \(server), which served, ended with \($0);" }
                #expect(ends.contains { log.contains($0) }, "\(log)")
            }
        }
    }

    @Test func `has on every thread the filter, the capabilities that it uses, and no way to more`() async throws {
        try await withGateway { gateway async throws in
            // Threads of every kind have served.
            try gateway.asAgent("echo x > data/sandbox/file; cat data/sandbox/file; ls -lR . > /dev/null").requireSuccess()
            let threads = try run("ls", ["/proc/\(gateway.server)/task"]).requireSuccess().split(separator: "\n")
            #expect(threads.count > 6, "the main thread, workers of three planes, coherence")
            // SYS_ADMIN, LEASE, SETFCAP, SETGID, SETUID, FOWNER, DAC_READ_SEARCH, DAC_OVERRIDE, CHOWN; FSETID is raised where it is needed.
            let effective = "00000000902000cf", permitted = "00000000902000df"
            for thread in threads {
                // One that has ended since is nobody's.
                guard let status = try? readFile("/proc/\(gateway.server)/task/\(thread)/status") else { continue }
                let expected = [
                    "NoNewPrivs": "1", "Seccomp": "2", "CapInh": "0000000000000000", "CapPrm": permitted, "CapEff": effective,
                    "CapBnd": permitted, "CapAmb": "0000000000000000",
                ]
                for (name, value) in expected {
                    #expect(status.contains("\n\(name):\t\(value)\n"), "\(name) of thread \(thread):\n\(status)")
                }
            }
        }
    }

    @Test func `has namespaces of its own where none of the host's is its business`() async throws {
        try await withGateway { gateway in
            func namespace(_ name: String, _ process: String) throws -> String {
                try run("readlink", ["/proc/\(process)/ns/\(name)"]).requireSuccess()
            }
            for name in ["net", "ipc", "uts", "cgroup"] {
                #expect(try namespace(name, "\(gateway.server)") != namespace(name, "\(getpid())"), "\(name)")
            }
            // Or nobody else would see the view, its end, or changes beside it.
            for name in ["mnt", "pid", "user"] {
                #expect(try namespace(name, "\(gateway.server)") == namespace(name, "\(getpid())"), "\(name)")
            }
            let interfaces = try readFile("/proc/\(gateway.server)/net/dev").split(separator: "\n").dropFirst(2)
            #expect(interfaces.count == 1 && interfaces.allSatisfy { $0.contains("lo:") })
        }
    }

    @Test func `can make none of the calls that whoever takes it over would want`() async throws {
        let result = await #expect(processExitsWith: .success, observing: [\.standardErrorContent]) {
            // Of a thread that was there before, too.
            let other = try AttemptsOnAThread()
            _ = try check { pinfold_prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) }
            try ServingFilter.install()
            let here = Attempts.failures()
            let there = other.finish()
            guard here.isEmpty, there.isEmpty else { fatalError("here: \(here), on another thread: \(there)") }
        }
        let said = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
        for number in [SYS_execve, SYS_socket, SYS_bpf] {
            #expect(said.contains(" \(number) was refused (EPERM): serving needs no such call\n"), "\(said)")
        }
    }

    @Test func `is confined before it says that it is ready`() throws {
        try withTemporaryDirectory { directory in
            try MountedGateway.makeDirectories(in: directory)
            let child = try startGateway(MountedGateway.arguments(directory), log: directory + "/log")
            let status = try readFile("/proc/\(servers(of: child.pid)[0])/status")
            #expect(status.contains("\nSeccomp:\t2\n"))
            try child.signal(SIGTERM)
            #expect(try child.wait() == .exited(0))
        }
    }
}

/// System calls that a daemon that serves files has no use for, made directly.
private enum Attempts {
    /// What did not fail with EPERM: none.
    static func failures() -> [String] {
        let calls: [(name: String, make: () -> Int)] = [
            ("execve", { call(SYS_execve, 0, 0, 0) }), ("execveat", { call(SYS_execveat, -1, 0, 0) }),
            ("socket", { call(SYS_socket, Int(AF_UNIX), 1, 0) }), ("socketpair", { call(SYS_socketpair, 1, 1, 0) }),
            ("connect", { call(SYS_connect, -1, 0, 0) }), ("sendmsg", { call(SYS_sendmsg, -1, 0, 0) }),
            ("ptrace", { call(SYS_ptrace, 0, 0, 0) }), ("process_vm_writev", { call(SYS_process_vm_writev, 1, 0, 0) }),
            ("kill", { call(SYS_kill, 1, 0, 0) }), ("tgkill of another", { call(SYS_tgkill, 1, 1, 0) }),
            ("pidfd_getfd", { call(438, -1, 0, 0) }), ("bpf", { call(SYS_bpf, 0, 0, 0) }),
            ("keyctl", { call(SYS_keyctl, 0, 0, 0) }),
            ("io_uring_setup", { call(425, 1, 0, 0) }), ("io_uring_register", { call(427, -1, 0, 0) }),
            ("userfaultfd", { call(SYS_userfaultfd, 0, 0, 0) }),
            ("perf_event_open", { call(SYS_perf_event_open, 0, 0, 0) }), ("init_module", { call(SYS_init_module, 0, 0, 0) }),
            ("finit_module", { call(SYS_finit_module, -1, 0, 0) }), ("kexec_load", { call(SYS_kexec_load, 0, 0, 0) }),
            ("mount", { call(SYS_mount, 0, 0, 0) }), ("move_mount", { call(429, -1, 0, -1) }), ("fsopen", { call(430, 0, 0, 0) }),
            ("open_tree", { call(428, -1, 0, 0) }), ("pivot_root", { call(SYS_pivot_root, 0, 0, 0) }),
            ("chroot", { call(SYS_chroot, 0, 0, 0) }), ("setns", { call(SYS_setns, -1, 0, 0) }),
            ("unshare of mounts", { call(SYS_unshare, 0x0002_0000, 0, 0) }), ("a child", { call(SYS_clone, 17, 0, 0) }),
            ("a child in a namespace", { call(SYS_clone, 0x0001_0000 | 0x2000_0000, 0, 0) }),
            ("setuid", { call(SYS_setuid, 0, 0, 0) }), ("setgroups", { call(SYS_setgroups, 0, 0, 0) }),
            ("memory that is code", { call(SYS_mmap, 0, 4096, 1 | 4) }),
            ("making memory code", { call(SYS_mprotect, 0, 4096, 1 | 4) }),
            ("memfd_create", { call(SYS_memfd_create, 0, 0, 0) }), ("prctl", { call(SYS_prctl, Int(PR_SET_DUMPABLE), 1, 0) }),
            ("ioctl", { call(SYS_ioctl, 0, 0x5412, 0) }), ("quotactl", { call(SYS_quotactl, 0, 0, 0) }),
            ("reboot", { call(SYS_reboot, 0, 0, 0) }),
        ]
        return calls.compactMap { name, make in
            let result = make()
            return result == -1 && pinfold_errno() == EPERM ? nil : "\(name): \(result), errno \(pinfold_errno())"
        }
    }

    private static func call(_ number: some BinaryInteger, _ a: Int, _ b: Int, _ c: Int) -> Int {
        Int(pinfold_system_call(Int64(number), Int64(a), Int64(b), Int64(c)))
    }
}

/// The same on a thread that waits until the filter is there.
private struct AttemptsOnAThread {
    private let gate: EventDescriptor
    private let failures: Pending<[String]>

    init() throws {
        let gate = try EventDescriptor()
        self.gate = gate
        failures = try Pending("other") {
            gate.wait()
            return Attempts.failures()
        }
    }

    func finish() -> [String] {
        gate.set()
        return failures.value
    }
}
