/// Every way to change something, tried on one place after another: `directory`, `file`, `link` and `fifo` below each path of `places`.
///
/// `scratch` is a directory that may be written, in which the other ends of links and renames lie. What succeeds prints `done`.
let everyWayToChange = """
    import fcntl, mmap, random
    AT_FDCWD, AT_EMPTY_PATH, AT_SYMLINK_FOLLOW = -100, 0x1000, 0x400
    machine = 0 if os.uname().machine == "x86_64" else 1
    def number(x86, arm): return (x86, arm)[machine]
    RENAMEAT2, OPENAT2, COPY_FILE_RANGE = number(316, 276), 437, number(326, 285)
    counter = [0]
    def new(base):
        counter[0] += 1
        return "%s/made-%d-%d" % (base, os.getpid(), counter[0])
    def fresh():
        path = new(scratch)
        with open(path, "w") as f: f.write("mine")
        return path
    def text(path): return ctypes.c_char_p(path.encode())
    def opened(path, flags=os.O_RDONLY):
        return os.open(path, flags)
    def through(path, flags, use):
        fd = os.open(path, flags)
        try: return use(fd)
        finally: os.close(fd)
    def written(path, flags):
        through(path, flags, lambda fd: os.write(fd, b"changed"))
    def mapped(path, late):
        def use(fd):
            if late:
                libc.mmap.restype = ctypes.c_void_p
                at = libc.mmap(None, ctypes.c_size_t(4096), 1, 1, fd, ctypes.c_long(0))
                if libc.mprotect(ctypes.c_void_p(at), ctypes.c_size_t(4096), 3) != 0: raise OSError(ctypes.get_errno(), "mprotect")
                ctypes.memset(at, 88, 4)
            else:
                m = mmap.mmap(fd, 4, flags=mmap.MAP_SHARED, prot=mmap.PROT_READ | mmap.PROT_WRITE); m[0:4] = b"XXXX"; m.flush()
        through(path, os.O_RDONLY, use)
    def bound(path):
        s = socket.socket(socket.AF_UNIX); s.bind(path)
    def open2(path, flags):
        how = struct.pack("QQQ", flags, 0, 0)
        fd = raw(OPENAT2, AT_FDCWD, text(path), ctypes.create_string_buffer(how, 24), 24); os.write(fd, b"changed")
    def rename2(a, b, flags): raw(RENAMEAT2, AT_FDCWD, text(a), AT_FDCWD, text(b), flags)
    def ioctl_flags(path, request):
        through(path, os.O_RDONLY, lambda fd: fcntl.ioctl(fd, request, struct.pack("i", 0x10)))
    def linked(path, target, flags):
        through(path, os.O_PATH if flags else os.O_RDONLY, lambda fd: raw(number(265, 37), fd, text(""), AT_FDCWD, text(target), AT_EMPTY_PATH))
    def linked_by_proc(path, target):
        fd = os.open(path, os.O_PATH)
        raw(number(265, 37), AT_FDCWD, text("/proc/self/fd/%d" % fd), AT_FDCWD, text(target), AT_SYMLINK_FOLLOW)
        with open(target, "w") as f: f.write("changed")
    def by_handle(path, flags):
        handle = ctypes.create_string_buffer(struct.pack("Ii", 128, 0) + bytes(128)); mount = ctypes.c_int()
        raw(number(303, 264), AT_FDCWD, text(path), handle, ctypes.byref(mount), 0)
        base = os.open(os.path.dirname(path), os.O_RDONLY)
        fd = raw(number(304, 265), base, handle, flags); os.write(fd, b"changed")
    def copied(path):
        source = os.open(fresh(), os.O_RDONLY)
        through(path, os.O_RDONLY, lambda fd: raw(COPY_FILE_RANGE, source, 0, fd, 0, 4, 0))
    def spliced(path):
        r, w = os.pipe(); os.write(w, b"changed"); through(path, os.O_RDONLY, lambda fd: os.splice(r, fd, 7))
    def acl(path):
        os.setxattr(path, "system.posix_acl_access", struct.pack("<I", 2) + struct.pack("<HHI", 1, 7, 0xffffffff)
            + struct.pack("<HHI", 4, 7, 0xffffffff) + struct.pack("<HHI", 0x20, 7, 0xffffffff))
    def lease(path): through(path, os.O_RDONLY, lambda fd: fcntl.fcntl(fd, 1024, 1))

    def ways(place):
        f, d, l, p = place + "/file", place + "/directory", place + "/link", place + "/fifo"
        yield "write", lambda: written(f, os.O_WRONLY)
        yield "read-write", lambda: written(f, os.O_RDWR)
        yield "append", lambda: written(f, os.O_WRONLY | os.O_APPEND)
        yield "read-truncate", lambda: opened(f, os.O_RDONLY | os.O_TRUNC)
        yield "write-truncate", lambda: opened(f, os.O_WRONLY | os.O_TRUNC)
        yield "direct", lambda: opened(f, os.O_WRONLY | os.O_DIRECT)
        yield "create-existing", lambda: written(f, os.O_WRONLY | os.O_CREAT)
        yield "through-link", lambda: written(l, os.O_RDWR)
        yield "create", lambda: opened(new(place), os.O_WRONLY | os.O_CREAT | os.O_EXCL)
        yield "create-reading", lambda: opened(new(place), os.O_RDONLY | os.O_CREAT)
        yield "unnamed", lambda: opened(place, os.O_TMPFILE | os.O_RDWR)
        yield "openat2", lambda: open2(f, os.O_RDWR)
        yield "truncate", lambda: os.truncate(f, 0)
        yield "ftruncate", lambda: through(f, os.O_RDONLY, lambda fd: os.ftruncate(fd, 0))
        yield "fallocate", lambda: through(f, os.O_RDONLY, lambda fd: os.posix_fallocate(fd, 0, 9999))
        yield "pwrite", lambda: through(f, os.O_RDONLY, lambda fd: os.pwrite(fd, b"x", 0))
        yield "map", lambda: mapped(f, False)
        yield "map-late", lambda: mapped(f, True)
        yield "copy-range", lambda: copied(f)
        yield "splice", lambda: spliced(f)
        yield "utime", lambda: os.utime(f, (1, 1))
        yield "utime-now", lambda: os.utime(f)
        yield "utime-fd", lambda: through(f, os.O_RDONLY, lambda fd: os.utime(fd, (1, 1)))
        yield "utime-link", lambda: os.utime(l, (1, 1), follow_symlinks=False)
        yield "chmod", lambda: os.chmod(f, 0o600)
        yield "chmod-directory", lambda: os.chmod(place, 0o700)
        yield "fchmod", lambda: through(f, os.O_RDONLY, lambda fd: os.fchmod(fd, 0o4755))
        yield "chmod-proc", lambda: through(f, os.O_PATH, lambda fd: os.chmod("/proc/self/fd/%d" % fd, 0o600))
        yield "chown", lambda: os.chown(f, os.getuid(), os.getgid())
        yield "fchown", lambda: through(f, os.O_RDONLY, lambda fd: os.fchown(fd, os.getuid(), os.getgid()))
        yield "lchown", lambda: os.lchown(l, os.getuid(), os.getgid())
        yield "setxattr", lambda: os.setxattr(f, "user.changed", b"x")
        yield "fsetxattr", lambda: through(f, os.O_RDONLY, lambda fd: os.setxattr(fd, "user.changed", b"x"))
        yield "setxattr-directory", lambda: os.setxattr(place, "user.changed", b"x")
        yield "removexattr", lambda: os.removexattr(f, "user.kept")
        yield "acl", lambda: acl(f)
        yield "ioctl-flags", lambda: ioctl_flags(f, 0x40086602)
        yield "ioctl-version", lambda: ioctl_flags(f, 0x40087602)
        yield "mkdir", lambda: os.mkdir(new(place))
        yield "rmdir", lambda: os.rmdir(d)
        yield "unlink", lambda: os.unlink(f)
        yield "unlink-link", lambda: os.unlink(l)
        yield "symlink", lambda: os.symlink("file", new(place))
        yield "mkfifo", lambda: os.mkfifo(new(place))
        yield "mknod", lambda: os.mknod(new(place), stat.S_IFREG | 0o600)
        yield "mknod-device", lambda: os.mknod(new(scratch), stat.S_IFCHR | 0o666, os.makedev(1, 3))
        yield "bind", lambda: bound(new(place))
        yield "link-here", lambda: os.link(f, new(place))
        yield "link-out", lambda: os.link(f, new(scratch))
        yield "link-in", lambda: os.link(fresh(), new(place))
        yield "link-fd", lambda: linked(f, new(scratch), 0)
        yield "link-path-fd", lambda: linked(f, new(scratch), 1)
        yield "link-proc", lambda: linked_by_proc(f, new(scratch))
        for name, flags in {"": 0, "-noreplace": 1, "-exchange": 2, "-whiteout": 4}.items():
            yield "rename-here" + name, lambda flags=flags: rename2(f, (l if flags == 2 else new(place)), flags)
            yield "rename-out" + name, lambda flags=flags: rename2(f, (fresh() if flags == 2 else new(scratch)), flags)
            yield "rename-in" + name, lambda flags=flags: rename2(fresh(), (f if flags == 2 else new(place)), flags)
            yield "rename-directory" + name, lambda flags=flags: rename2(d, (fresh() if flags == 2 else new(scratch)), flags)
        yield "rename-over", lambda: os.rename(fresh(), f)
        yield "reopen", lambda: through(f, os.O_RDONLY, lambda fd: written("/proc/self/fd/%d" % fd, os.O_RDWR))
        yield "reopen-path", lambda: through(f, os.O_PATH, lambda fd: written("/proc/self/fd/%d" % fd, os.O_RDWR))
        yield "reopen-truncate", lambda: through(f, os.O_RDONLY, lambda fd: os.truncate("/proc/self/fd/%d" % fd, 0))
        yield "own-root", lambda: written("/proc/self/root" + f, os.O_RDWR)
        yield "handle", lambda: by_handle(f, os.O_RDWR)
        yield "lease", lambda: lease(f)

    def swapped(place):
        # A link that leads into the zone at one moment and to the place at the next.
        inner, trap = new(scratch), new(scratch)
        os.mkdir(inner); open(inner + "/file", "w").close()
        os.symlink(inner, trap)
        if os.fork() == 0:
            for _ in range(400):
                for target in (inner, place):
                    os.symlink(target, trap + ".n"); os.rename(trap + ".n", trap)
            os._exit(0)
        for _ in range(400):
            try: written(trap + "/file", os.O_WRONLY)
            except OSError: pass
            try: os.rename(trap + "/file", trap + "/other")
            except OSError: pass
            try: os.rename(trap + "/other", trap + "/file")
            except OSError: pass
        os.wait()

    def tried(places):
        for place in places:
            for name, call in ways(place):
                attempt(place + ":" + name, call)
            swapped(place)

    """
