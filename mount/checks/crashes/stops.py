"""Stops a program at each system call by which it changes the disk: a filter hands those calls to this process before they are made
(`man 2 seccomp_unotify`), of all threads in one order, and this process lets them go on or ends the program there."""

import ctypes
import os
import platform
import select
import signal
import struct
import time

# By number: x86-64, arm64. What has None does not exist there.
CALLS = {
    "open": (2, None), "creat": (85, None), "openat": (257, 56), "openat2": (437, 437),
    "write": (1, 64), "pwrite64": (18, 68), "writev": (20, 66), "pwritev": (296, 70), "pwritev2": (328, 287),
    "copy_file_range": (326, 285), "sendfile": (40, 71), "fallocate": (285, 47),
    "truncate": (76, 45), "ftruncate": (77, 46), "fsync": (74, 82), "fdatasync": (75, 83), "syncfs": (306, 267), "sync": (162, 81),
    "rename": (82, None), "renameat": (264, 38), "renameat2": (316, 276), "link": (86, None), "linkat": (265, 37),
    "symlink": (88, None), "symlinkat": (266, 36), "unlink": (87, None), "unlinkat": (263, 35), "rmdir": (84, None),
    "mkdir": (83, None), "mkdirat": (258, 34), "mknodat": (259, 33), "chmod": (90, None), "fchmod": (91, 52), "fchmodat": (268, 53),
    "fchmodat2": (452, 452), "chown": (92, None), "fchown": (93, 55), "lchown": (94, None), "fchownat": (260, 54),
    "utimensat": (280, 88), "setxattr": (188, 5), "fsetxattr": (190, 7), "move_mount": (429, 429), "umount2": (166, 39),
}
ARCHITECTURES = {"x86_64": (0, 0xC000003E, 317, 438), "aarch64": (1, 0xC00000B7, 277, 438)}
COLUMN, AUDIT_ARCH, SECCOMP, PIDFD_GETFD = ARCHITECTURES[platform.machine()]
NAMES = {numbers[COLUMN]: name for name, numbers in CALLS.items() if numbers[COLUMN] is not None}
WRITING = {"write", "pwrite64", "writev", "pwritev", "pwritev2", "ftruncate", "fallocate", "fsync", "fdatasync", "fchmod", "fchown"}
MAKING = os.O_CREAT | os.O_TRUNC

libc = ctypes.CDLL(None, use_errno=True)


def _filter():
    """BPF: these calls to the listener, everything else goes on."""

    def statement(code, k, true=0, false=0):
        return struct.pack("HBBI", code, true, false, k)

    load, equal, given, answer = 0x20, 0x15, 0x45, 0x06
    ask, allow = 0x7FC00000, 0x7FFF0000
    program = [statement(load, 4), statement(equal, AUDIT_ARCH, 1, 0), statement(answer, allow), statement(load, 0)]
    for number, name in NAMES.items():
        if name in ("open", "openat"):
            # Flags that make or empty a file.
            argument = 1 if name == "open" else 2
            program += [
                statement(equal, number, 0, 4), statement(load, 16 + 8 * argument), statement(given, MAKING, 0, 1),
                statement(answer, ask), statement(answer, allow),
            ]
        else:
            program += [statement(equal, number, 0, 1), statement(answer, ask)]
    program.append(statement(answer, allow))
    return b"".join(program), len(program)


def _listen():
    code, count = _filter()
    buffer = ctypes.create_string_buffer(code)
    argument = struct.pack("HxxxxxxQ", count, ctypes.addressof(buffer))
    # SET_MODE_FILTER with FLAG_NEW_LISTENER.
    if libc.syscall(SECCOMP, 1, 1 << 3, ctypes.c_char_p(argument)) < 0:
        os._exit(126)


class Stopped:
    """A program under the filter. `run` ends it at a call, or lets it go to its end."""

    RECEIVE, SEND = 0xC0502100, 0xC0182101

    def __init__(self, command, environment, below, log, with_children=False):
        """`with_children`: it is ended before calls of what it has started, too; that then ends with it, or goes on to its own end."""
        self.below = below
        self.with_children = with_children
        self.groups = {}
        waiting, going = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            os.setsid()
            os.dup2(os.open("/dev/null", os.O_RDONLY), 0)
            for number in (1, 2):
                os.dup2(log, number)
            os.chdir("/")
            _listen()
            os.read(waiting, 1)
            os.execve(command[0], command, environment)
        self.listener = self._take_listener()
        os.write(going, b"g")
        os.close(going)
        os.close(waiting)

    def _take_listener(self):
        holder = os.pidfd_open(self.pid)
        directory = f"/proc/{self.pid}/fd"
        while True:
            for name in os.listdir(directory):
                try:
                    if "seccomp notify" in os.readlink(f"{directory}/{name}"):
                        taken = libc.syscall(PIDFD_GETFD, holder, int(name), 0)
                        os.close(holder)
                        os.set_inheritable(taken, False)
                        return taken
                except FileNotFoundError:
                    pass
            time.sleep(0.001)

    def _is_own(self, thread):
        """Whether it is a thread of the program, and not of something that it has started and that is not asked for."""
        return self.with_children or self._group(thread) == self.pid

    def _group(self, thread):
        if thread not in self.groups:
            try:
                with open(f"/proc/{thread}/status", encoding="ascii", errors="replace") as status:
                    text = status.read()
                self.groups[thread] = int(text.split("Tgid:")[1].split()[0])
            except (OSError, IndexError):
                return None
        return self.groups[thread]

    def _counts(self, thread, name, arguments):
        """Whether the call changes the disk: one on a pipe, a socket or what has no name does not."""
        if not self._is_own(thread):
            return False
        try:
            if name == "openat2":
                with open(f"/proc/{thread}/mem", "rb") as memory:
                    memory.seek(arguments[2])
                    return bool(struct.unpack("Q", memory.read(8))[0] & MAKING)
            if name in WRITING:
                return os.readlink(f"/proc/{thread}/fd/{ctypes.c_int(arguments[0]).value}").startswith(self.below)
        except OSError:
            return False
        return True

    def run(self, stop_at, until, seconds=60):
        """Ends it before the call with that number (nil: none), or when `until` answers True by the signal that stops it well.

        Returns how many calls were counted, and where it was ended: the name of call and thread, or None."""
        notice, answer = bytearray(80), bytearray(24)
        poll = select.poll()
        poll.register(self.listener, select.POLLIN)
        deadline = time.monotonic() + seconds
        count, ended, next_look, stopping = 0, None, 0.0, False
        while True:
            events = poll.poll(20)
            if events and events[0][1] & (select.POLLHUP | select.POLLERR):
                break
            if events:
                try:
                    notice[:] = bytes(80)
                    _control(self.listener, self.RECEIVE, notice)
                except OSError:
                    continue
                identity, thread, _, number = struct.unpack_from("QIIi", notice)
                arguments = struct.unpack_from("6Q", notice, 32)
                name = NAMES.get(number, "?")
                if ended is None and self._counts(thread, name, arguments):
                    count += 1
                    if count == stop_at:
                        ended = (name, _name_of(thread))
                        os.kill(self.pid, signal.SIGKILL)
                        if self._group(thread) == self.pid:
                            continue
                struct.pack_into("QqiI", answer, 0, identity, 0, 0, 1)
                try:
                    _control(self.listener, self.SEND, answer)
                except OSError:
                    pass
            now = time.monotonic()
            if ended is None and not stopping and now >= next_look:
                next_look = now + 0.02
                if until():
                    stopping = True
                    os.kill(self.pid, signal.SIGTERM)
            if os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT):
                break
            if now > deadline:
                os.kill(self.pid, signal.SIGKILL)
                ended = ("no end", f"in {seconds} s")
                break
        os.waitpid(self.pid, 0)
        self._let_go()
        return count, ended

    def _let_go(self):
        """What it had started goes on, or ends with it: nothing of it is held up."""
        notice, answer = bytearray(80), bytearray(24)
        poll = select.poll()
        poll.register(self.listener, select.POLLIN)
        deadline = time.monotonic() + 5
        while time.monotonic() < deadline:
            events = poll.poll(50)
            if not events:
                continue
            if events[0][1] & (select.POLLHUP | select.POLLERR):
                break
            try:
                notice[:] = bytes(80)
                _control(self.listener, self.RECEIVE, notice)
                struct.pack_into("QqiI", answer, 0, struct.unpack_from("Q", notice)[0], 0, 0, 1)
                _control(self.listener, self.SEND, answer)
            except OSError:
                pass
        os.close(self.listener)


def _control(descriptor, request, buffer):
    array = (ctypes.c_char * len(buffer)).from_buffer(buffer)
    if libc.ioctl(descriptor, ctypes.c_ulong(request), array) < 0:
        raise OSError(ctypes.get_errno(), "ioctl")


def _name_of(thread):
    try:
        with open(f"/proc/{thread}/comm", encoding="ascii", errors="replace") as comm:
            return comm.read().strip()
    except OSError:
        return "?"
