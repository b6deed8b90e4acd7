"""A child that can hurt nobody: what it was given of the server's connections is useless in it, and it ends when told to."""

from __future__ import annotations

import contextlib
import ctypes
import errno
import fcntl
import functools
import os
import resource
import select
import signal
import socket
import stat
import sys
import time
import weakref
from typing import Any, Callable, List, Tuple

# What a new version may take of memory beyond what the server has, while it is rehearsed.
MEMORY = 512 << 20
# Processes and threads that its modules may start.
PROCESSES = 64
LONGEST_ANSWER = 1 << 20

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_CLONE_NEWPID = 0x20000000

# What the end of an object may do to others, by the interpreter's names of it.
_OUTWARD = {
    "os.chmod", "os.chown", "os.kill", "os.killpg", "os.link", "os.mkdir", "os.remove", "os.rename", "os.rmdir", "os.symlink",
    "os.truncate", "os.utime", "os.system", "os.exec", "os.fork", "os.posix_spawn", "os.spawn", "subprocess.Popen", "fcntl.flock",
    "fcntl.lockf", "signal.pthread_kill",
}

_libc = ctypes.CDLL(None, use_errno=True)


class Died(Exception):
    """The child ended without an answer; in words."""


def run(body: Callable[[], bytes], seconds: float) -> Callable[[], bytes]:
    """Forks now; the child's answer is what the returned function returns, or it raises Died.

    Two processes: one that watches and ends the other with all that it started, and the one that runs `body`. Both die with the thread
    that forked.
    """
    reading, writing = os.pipe()
    parent = os.getpid()
    watcher = os.fork()
    if watcher == 0:
        try:
            os.close(reading)
            _die_with(parent)
            _watch(body, writing, seconds)
        finally:
            os._exit(0)
    os.close(writing)
    return lambda: _collect(reading, watcher, time.monotonic() + seconds + 2)


def _collect(reading: int, watcher: int, deadline: float) -> bytes:
    answer = b""
    try:
        while len(answer) <= LONGEST_ANSWER:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([reading], [], [], left)[0]:
                raise Died("the rehearsal did not end in time")
            piece = os.read(reading, 65536)
            if not piece:
                break
            answer += piece
    finally:
        os.close(reading)
        os.kill(watcher, signal.SIGKILL)
        os.waitpid(watcher, 0)
    if not answer:
        raise Died("the rehearsal ended without a word")
    if answer[:1] == b"!":
        raise Died(answer[1:].decode(errors="replace"))
    return answer[1:]


def _watch(body: Callable[[], bytes], writing: int, seconds: float) -> None:
    """The watcher: it executes nothing of the project's."""
    _libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    # Where it may, the kernel ends what the child starts together with it, were it thousands.
    alone = _libc.unshare(_CLONE_NEWPID) == 0
    inner, outer = os.pipe()
    watcher = os.getpid()
    child = os.fork()
    if child == 0:
        try:
            os.close(inner)
            _die_with(0 if alone else watcher)
            _confine(outer)
            answer = body()
            os.write(outer, b"=" + answer[:LONGEST_ANSWER])
        finally:
            os._exit(0)
    os.close(outer)
    answer, why = _wait_for(inner, child, time.monotonic() + seconds)
    os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    _end_descendants(time.monotonic() + 2)
    if not answer and not why:
        code = os.WEXITSTATUS(status) if os.WIFEXITED(status) else -os.WTERMSIG(status)
        why = f"the new version ends the process while it is loaded (status {code})"
    os.write(writing, answer or b"!" + why.encode())


def _wait_for(inner: int, child: int, deadline: float) -> Tuple[bytes, str]:
    answer = b""
    while True:
        left = deadline - time.monotonic()
        if left <= 0:
            return b"", "the new version does not finish loading in time"
        if len(_descendants(os.getpid())) > PROCESSES:
            return b"", f"the new version starts more than {PROCESSES} processes while it is loaded"
        if not select.select([inner], [], [], min(left, 0.02))[0]:
            continue
        piece = os.read(inner, 65536)
        if not piece:
            return answer, ""
        answer += piece


def _die_with(parent: int) -> None:
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if parent and os.getppid() != parent:
        os._exit(0)


def _confine(kept: int) -> None:
    """In the child, before anything of the new version runs."""
    with contextlib.suppress(ValueError):
        signal.set_wakeup_fd(-1)
    signal.setitimer(signal.ITIMER_REAL, 0)
    nothing = os.open(os.devnull, os.O_RDWR)
    for name in os.listdir("/proc/self/fd"):
        number = int(name)
        if number in (kept, nothing):
            continue
        try:
            what = os.readlink(f"/proc/self/fd/{name}")
        except OSError:
            continue
        if what.startswith("socket:"):
            with socket.socket(socket.AF_UNIX) as useless:
                os.dup2(useless.fileno(), number, inheritable=False)
        elif number <= 2 or what.startswith(("pipe:", "anon_inode:")):
            os.dup2(nothing, number, inheritable=number <= 2)
    os.close(nothing)
    _spare()
    size = _memory() + MEMORY
    _limit(resource.RLIMIT_AS, size)
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_NPROC, _tasks_of_user() + PROCESSES)


def _spare() -> None:
    """What is to be done at an object's end, as a temporary directory's removal, is the server's to do. What that holds is held."""
    registry = getattr(weakref.finalize, "_registry", {})
    for todo in list(registry.values()):
        todo.func = functools.partial(_nothing, todo.func)


def _nothing(*arguments: Any, **named: Any) -> None:
    pass


_ending: List[bool] = []


def act_no_more() -> None:
    """In the child, before it lets go of the old version: the living server has all of that, so no object's end may act on others.

    What a buffer holds is written by the server, a temporary file is there until the server closes it, and so is a lock. Compiled
    code that removes files by itself is not seen.
    """
    if _ending:
        return
    nothing = os.open(os.devnull, os.O_RDWR)
    for name in os.listdir("/proc/self/fd"):
        number = int(name)
        with contextlib.suppress(OSError):
            if stat.S_ISREG(os.fstat(number).st_mode) and fcntl.fcntl(number, fcntl.F_GETFL) & os.O_ACCMODE != os.O_RDONLY:
                os.dup2(nothing, number, inheritable=False)
    os.close(nothing)
    _ending.append(True)
    sys.addaudithook(_refuse)


def _refuse(event: str, arguments: Any) -> None:
    writes = event == "open" and isinstance(arguments[2], int) and arguments[2] & (os.O_ACCMODE | os.O_CREAT | os.O_TRUNC)
    if writes or event in _OUTWARD:
        raise OSError(errno.EROFS, "the old version ends in the rehearsal only")


def _limit(which: int, most: int) -> None:
    _, hard = resource.getrlimit(which)
    if hard != resource.RLIM_INFINITY:
        most = min(most, hard)
    resource.setrlimit(which, (most, most))


def _memory() -> int:
    with open("/proc/self/statm") as file:
        return int(file.read().split()[0]) * resource.getpagesize()


def _tasks_of_user() -> int:
    count, user = 0, os.getuid()
    for name in os.listdir("/proc"):
        try:
            if name.isdigit() and os.stat(f"/proc/{name}").st_uid == user:
                count += len(os.listdir(f"/proc/{name}/task"))
        except OSError:
            continue
    return count


def _descendants(root: int) -> List[int]:
    found: List[int] = []
    pending = [root]
    while pending and len(found) <= 10 * PROCESSES:
        parent = pending.pop()
        try:
            for task in os.listdir(f"/proc/{parent}/task"):
                with open(f"/proc/{parent}/task/{task}/children") as file:
                    children = [int(number) for number in file.read().split()]
                found += children
                pending += children
        except OSError:
            continue
    return found


def _end_descendants(deadline: float) -> None:
    """What the child left is the watcher's by now; its number of processes is limited, so this comes to an end."""
    while time.monotonic() < deadline:
        left = _descendants(os.getpid())
        for pid in left:
            try:
                os.kill(pid, signal.SIGKILL)
            except OSError:
                continue
        try:
            while os.waitpid(-1, os.WNOHANG)[0] != 0:
                pass
        except ChildProcessError:
            return


def uses_gpu() -> bool:
    """A context on a graphics processor does not survive a fork."""
    for name in os.listdir("/proc/self/fd"):
        try:
            if os.readlink(f"/proc/self/fd/{name}").startswith(("/dev/nvidia", "/dev/kfd", "/dev/dri/render")):
                return True
        except OSError:
            continue
    return False
