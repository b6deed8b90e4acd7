import LinuxSystem
import SystemPackage
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(10)))
struct `The system-call filter` {
    /// Numbers that are the same on every architecture, and a few by name.
    @Test func `refuses what would rearrange mounts, reach other processes or the kernel`() throws {
        try withTemporaryDirectory { directory in
            let script = """
                import platform
                arm = platform.machine() == "aarch64"
                by_name = {
                    "mount": (165, 40), "umount2": (166, 39), "pivot_root": (155, 41), "chroot": (161, 51), "setns": (308, 268),
                    "ptrace": (101, 117), "process_vm_readv": (310, 270), "process_vm_writev": (311, 271), "open_by_handle_at": (304, 265),
                    "kexec_load": (246, 104), "init_module": (175, 105), "bpf": (321, 280), "perf_event_open": (298, 241),
                    "userfaultfd": (323, 282), "keyctl": (250, 219), "add_key": (248, 217), "request_key": (249, 218), "reboot": (169, 142),
                    "swapon": (167, 224), "acct": (163, 89), "quotactl": (179, 60), "syslog": (103, 116), "sethostname": (170, 161),
                    "kcmp": (312, 272), "fanotify_init": (300, 262), "io_uring_setup": (425, 425), "io_uring_enter": (426, 426),
                    "io_uring_register": (427, 427), "open_tree": (428, 428), "move_mount": (429, 429), "fsopen": (430, 430),
                    "fsconfig": (431, 431), "fsmount": (432, 432), "fspick": (433, 433), "pidfd_getfd": (438, 438),
                    "process_madvise": (440, 440), "mount_setattr": (442, 442), "quotactl_fd": (443, 443), "memfd_secret": (447, 447),
                    "open_tree_attr": (467, 467), "file_setattr": (469, 469),
                }
                for name, numbers in by_name.items():
                    attempt(name, lambda: raw(numbers[arm], 0, 0, 0, 0, 0, 0))
                """
            let found = verdicts(try attack(script, in: try toolFence(directory)))
            #expect(found.count == 41)
            #expect(found.values.allSatisfy { $0 == "EPERM" }, "\(found.filter { $0.value != "EPERM" })")
        }
    }

    @Test func `makes no namespace, by whichever call`() throws {
        try withTemporaryDirectory { directory in
            let script = """
                import platform
                unshare, clone = (97, 220) if platform.machine() == "aarch64" else (272, 56)
                kinds = {"mnt": 0x20000, "cgroup": 0x2000000, "uts": 0x4000000, "ipc": 0x8000000, "user": 0x10000000, "pid": 0x20000000, "net": 0x40000000}
                for name, flag in kinds.items():
                    attempt("unshare-" + name, lambda: raw(unshare, flag))
                    attempt("clone-" + name, lambda: raw(clone, flag | 17, 0, 0, 0, 0))
                    # What the kernel reads of the argument is its lower half.
                    attempt("high-" + name, lambda: raw(unshare, flag | 1 << 40))
                attempt("unshare-time", lambda: raw(unshare, 0x80))
                attempt("clone3", lambda: raw(435, 0, 88))
                attempt("unknown", lambda: raw(500, 0))
                attempt("harmless", lambda: raw(unshare, 0x400))
                """
            let found = verdicts(try attack(script, in: try toolFence(directory)))
            #expect(found["clone3"] == "ENOSYS")
            #expect(found["unknown"] == "ENOSYS")
            #expect(found["harmless"] == "done")
            let namespaces = found.filter { !["clone3", "unknown", "harmless"].contains($0.key) }
            #expect(namespaces.count == 22)
            #expect(namespaces.values.allSatisfy { $0 == "EPERM" }, "\(namespaces)")
        }
    }

    @Test func `lets nobody type on a terminal`() throws {
        try withTemporaryDirectory { directory in
            let script = """
                import fcntl
                for name, request in {"TIOCSTI": 0x5412, "TIOCLINUX": 0x541c, "TIOCSETD": 0x5423, "TIOCCONS": 0x541d}.items():
                    attempt(name, lambda: fcntl.ioctl(0, request, b"x"))
                attempt("high", lambda: raw(16 if os.uname().machine == "x86_64" else 29, 0, 0x5412 | 1 << 32, 0))
                """
            let found = verdicts(try attack(script, in: try toolFence(directory)))
            #expect(found.count == 5)
            #expect(found.values.allSatisfy { $0 == "EPERM" }, "\(found)")
        }
    }

    @Test func `lets a file system be asked, and nothing be set there that no program needs`() throws {
        try withTemporaryDirectory { directory in
            let script = """
                import fcntl
                open("/job/f", "w").write("content")
                f = os.open("/job/f", os.O_RDWR); copy = os.open("/job/copy", os.O_RDWR | os.O_CREAT)
                refused = {
                    "FSSETXATTR": 0x401c5820, "SETFLAGS": 0x40086602, "SETVERSION": 0x40087602, "EXT4_SETVERSION": 0x40086604, "MOVE_EXT": 0xc028660f,
                    "GROUP_ADD": 0x40286608, "SWAP_BOOT": 0x6611, "SET_ENCRYPTION_POLICY": 0x800c6613, "ENABLE_VERITY": 0x40806685,
                    "FIFREEZE": 0xc0045877, "FITRIM": 0xc0185879, "SHUTDOWN": 0x8004587d, "XFS_SWAPEXT": 0xc0c0586d,
                    "BTRFS_SUBVOL_CREATE": 0x5000940e, "BTRFS_SNAP_CREATE": 0x50009401, "BTRFS_DEFRAG": 0x50009402, "SETFSLABEL": 0x41009432,
                }
                for name, request in refused.items():
                    attempt("refused:" + name, lambda: fcntl.ioctl(f, request, bytes(64)))
                    attempt("refused:high-" + name, lambda: raw(16 if os.uname().machine == "x86_64" else 29, f, request | 1 << 32, 0))
                for name, request in {"GETFLAGS": 0x80086601, "GETVERSION": 0x80087601, "FSGETXATTR": 0x801c581f, "FIEMAP": 0xc020660b}.items():
                    attempt("allowed:" + name, lambda: fcntl.ioctl(f, request, bytes(64)))
                attempt("clone", lambda: fcntl.ioctl(copy, 0x40049409, f))
                """
            let found = verdicts(try attack(script, in: try toolFence(directory)))
            let refused = found.filter { $0.key.hasPrefix("refused:") }
            #expect(refused.count == 34)
            #expect(refused.values.allSatisfy { $0 == "EPERM" }, "\(refused.filter { $0.value != "EPERM" })")
            // What the file system below knows of them is its own affair.
            #expect(
                found.filter { $0.key.hasPrefix("allowed:") || $0.key == "clone" }.values.allSatisfy { $0 != "EPERM" }, "\(found)")
            #expect(found["allowed:GETFLAGS"] == "done", "\(found)")
        }
    }

    @Test func `knows the four families of sockets that programs need`() throws {
        try withTemporaryDirectory { directory in
            let script = """
                for family in range(1, 46):
                    attempt(str(family), lambda: socket.socket(family, socket.SOCK_DGRAM if family != 16 else socket.SOCK_RAW).close())
                    # A pair is made by the family's own code too.
                    attempt("pair-%d" % family, lambda: socket.socketpair(family, socket.SOCK_DGRAM))
                attempt("pair-high", lambda: raw(53 if os.uname().machine == "x86_64" else 199, 40 | 1 << 32, 2, 0, 0))
                """
            let found = verdicts(try attack(script, in: try toolFence(directory)))
            #expect(found.count == 91)
            #expect(Set(found.filter { $0.value == "done" }.keys) == ["1", "2", "10", "16", "pair-1"])
            #expect(found.filter { $0.value != "done" }.values.allSatisfy { $0 == "EAFNOSUPPORT" }, "\(found)")
        }
    }

    @Test func `speaks with the kernel by netlink about addresses alone`() throws {
        try withTemporaryDirectory { directory in
            let script = """
                for protocol in range(0, 23):
                    attempt(str(protocol), lambda: socket.socket(16, socket.SOCK_RAW, protocol).close())
                attempt("high", lambda: raw(41 if os.uname().machine == "x86_64" else 198, 16, 3, 12 | 1 << 32))
                """
            let found = verdicts(try attack(script, in: try toolFence(directory)))
            #expect(found.count == 24)
            #expect(found.filter { $0.value == "done" }.keys.sorted() == ["0"])
            #expect(found.filter { $0.value != "done" }.values.allSatisfy { $0 == "EPROTONOSUPPORT" }, "\(found)")
        }
    }

    @Test func `lets ordinary programs work`() throws {
        try withTemporaryDirectory { directory in
            let script = """
                import subprocess, threading, tempfile, multiprocessing
                threads = [threading.Thread(target=lambda: None) for _ in range(8)]
                [t.start() for t in threads]; [t.join() for t in threads]
                assert subprocess.run(["sh", "-c", "echo a | cat"], capture_output=True).stdout == b"a\\n"
                with tempfile.TemporaryDirectory() as t, open(t + "/x", "w") as f: f.write("y")
                a, b = socket.socketpair(); a.send(b"z"); assert b.recv(1) == b"z"
                os.mkdir("/job/d1"); os.mkdir("/job/d2"); open("/job/d1/f", "w").close()
                os.rename("/job/d1/f", "/job/d2/f"); os.link("/job/d2/f", "/job/d1/g"); os.symlink("g", "/job/d1/s"); os.mkfifo("/job/p")
                open("/dev/null", "w").write("x"); assert len(open("/dev/urandom", "rb").read(8)) == 8
                m = multiprocessing.Value("i", 5)
                print("works", file=open("/dev/stdout", "w"))
                """
            let finished = try attack(script, in: try toolFence(directory))
            #expect(try finished.requireSuccess().contains("works"))
        }
    }

    #if arch(x86_64)
        @Test func `kills a call in the 32-bit ABI, and one with an x32 number`() throws {
            try withTemporaryDirectory { directory in
                let fence = try toolFence(directory)
                // mov eax, 20 (getpid there); int 0x80; ret
                let script = """
                    import mmap
                    page = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
                    page.write(bytes([0xb8, 20, 0, 0, 0, 0xcd, 0x80, 0xc3]))
                    print("before", flush=True)
                    ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(page)))()
                    print("after", flush=True)
                    """
                let thirtyTwo = try attack(script, in: fence)
                #expect(thirtyTwo.status == .exited(128 + 31))
                #expect(thirtyTwo.output == "before\n")
                let x32 = try attack("print('before', flush=True); raw(0x40000000 + 39); print('after')", in: fence)
                #expect(x32.status == .exited(128 + 31))
                #expect(x32.output == "before\n")
            }
        }
    #endif
}
