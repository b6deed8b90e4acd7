"""The suites: {name: test}, where a test is called with its name, the ground, a place and a user, and answers {case: Result}."""

import contextlib
import difflib
import errno
import functools
import glob
import json
import os
import re
import subprocess
import tempfile
import textwrap
from dataclasses import dataclass

import places

# Seconds for one test. What takes longer has failed.
LONGEST = 900
# Root without the right to make device nodes: a zone has none (Docs/Semantics.md, S-20), and half of pjdfstest's files would differ for that alone.
USERS = {
    "agent": [f"--reuid={places.AGENT}", f"--regid={places.AGENT}", "--clear-groups"],
    "root": ["--bounding-set=-mknod", "--inh-caps=-mknod"],
}
# LTP's calls that have to do with files. The others have no file system below them.
CALLS = re.compile(
    "(access|chdir|chmod|chown|chroot|close|close_range|copy_file_range|creat|dirtyc0w|dup|execve|execveat|faccessat|fallocate|fanotify|fchdir"
    "|fchmod|fchmodat|fchown|fchownat|fcntl|fdatasync|fgetxattr|file_attr|flistxattr|flock|fpathconf|fremovexattr|fsetxattr|fstat|fstatat|fstatfs"
    "|fsync|ftruncate|futimesat|getcwd|getdents|getxattr|inotify|inotify_init|io_cancel|io_destroy|io_getevents|io_setup|io_submit|io_uring"
    "|lchown|lgetxattr|link|linkat|listxattr|llistxattr|llseek|lremovexattr|lseek|lstat|mkdir|mkdirat|mknod|mknodat|mmap|msync|munmap"
    "|name_to_handle_at|nftw|open|open_by_handle_at|openat|pathconf|posix_fadvise|pread|preadv|pwrite|pwritev|read|readahead|readdir|readlink"
    "|readlinkat|readv|realpath|removexattr|rename|renameat|rmdir|sendfile|setxattr|splice|stat|statfs|statvfs|statx|symlink|symlinkat|sync"
    "|sync_file_range|syncfs|tee|truncate|umask|unlink|unlinkat|utime|utimensat|utimes|vmsplice|write|writev)[123]?_?[0-9]*[A-Z]?(_[0-9]+)?"
)
# A test of LTP's that has one of these tries a file system that it makes, and none of the places.
OWN_DISK = {"all_filesystems", "mount_device", "needs_device", "format_device", "needs_rofs", "needs_overlay", "needs_devfs", "needs_hugetlbfs"}
# It writes 5 GB, which the disk does not have four times.
LARGE = re.compile("ltp sendfile09.*")
# The same as OWN_DISK, of xfstests.
OWN_SCRATCH = re.compile(r"^\s*_require_(scratch|block_device|dm_|loop|log_writes|logdev|metadata_journaling)", re.MULTILINE)


@dataclass(frozen=True)
class Result:
    state: str  # passed, failed, skipped
    said: str = ""


def found(words):
    tests = {}
    if words.pjdfstest:
        for path in sorted(glob.glob(words.pjdfstest + "/tests/*/*.t")):
            tests["pjdfstest " + "/".join(path.split("/")[-2:])] = functools.partial(pjdfstest, path)
    if words.ltp:
        kinds = json.load(open(words.ltp + "/metadata/ltp.json"))["tests"]
        for line in open(words.ltp + "/runtest/syscalls"):
            name, _, command = line.strip().partition(" ")
            if CALLS.fullmatch(name):
                kind = kinds.get(re.sub("_(64|16)$", "", command.split()[0]), {})
                tests["ltp " + name] = functools.partial(ltp, words.ltp, command.strip(), kind)
    if words.xfstests:
        for seed in range(1, 5):
            for how in ([], ["-A"], ["-U"], ["-Z", "-r", "4096", "-w", "4096", "-t", "4096"], ["-H", "-c", "50"]):
                options = ["-q", "-N", "5000", "-S", str(seed), *how]
                tests[f"fsx {' '.join(options)}"] = functools.partial(fsx, words.xfstests, options)
            tests[f"fsstress {seed}"] = functools.partial(fsstress, words.xfstests, seed)
        for path in sorted(glob.glob(words.xfstests + "/tests/generic/[0-9][0-9][0-9]")):
            text = open(path).read()
            if re.search(r"^_begin_fstest .*\bquick\b", text, re.MULTILINE):
                tests["xfstests " + path[-11:]] = functools.partial(xfstests, words.xfstests, path, bool(OWN_SCRATCH.search(text)))
    return tests


def test_of(case):
    """Cases of pjdfstest are the lines of a file."""
    return case.partition(":")[0] if case.startswith("pjdfstest") else case


def called(ground, place, user, command, **environment):
    """The exit status, or None after too long, and what was printed. In a directory of its own, and as the first process of a namespace that ends with it."""
    script = 'umask 022; rm -rf "$0"; mkdir "$0" && cd "$0" || exit 99; "$@"; code=$?; cd ..; rm -rf "$0"; exit $code'
    home = tempfile.mktemp(prefix=ground.prefix, dir=ground.places[place])
    setting = ["unshare", "--mount", "--propagation", "private", "--ipc", "--pid", "--fork", "--kill-child", "--mount-proc"]
    # What changes its user no longer ends with its parent, so that this first process is one that does not. LTP's tests name files of /dev/shm by
    # their process numbers, which are the same everywhere.
    setting += ["bash", "-c", 'mount -t tmpfs none /dev/shm && "$@"; exit $?', "first", "setpriv", *USERS[user]]
    environment = {"PATH": os.environ["PATH"] + ":/usr/sbin:/sbin", "TMPDIR": home, "HOME": home, "LC_ALL": "C", **environment}
    words = [*setting, "bash", "-c", script, home, *command]
    with tempfile.TemporaryFile() as output:
        started = subprocess.Popen(words, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, cwd="/")
        try:
            code = started.wait(LONGEST)
        except subprocess.TimeoutExpired:
            started.kill()
            started.wait()
            code = None
        output.seek(0)
        return code, output.read().decode(errors="replace")


def pjdfstest(path, name, ground, place, user):
    """Which cases there are, and so their numbers, it takes from the kind of file system: everywhere that of the disk."""
    with standing(ground, {"df": "echo - ext4"}) as home:
        code, said = called(ground, place, user, ["sh", path], PATH=f"{home}:{os.environ['PATH']}")
    lines = re.findall(r"^(not ok|ok) ([0-9]+)(.*)$", said, re.MULTILINE)
    cases = {}
    for how, number, more in lines:
        cases[f"{name}:{number}"] = Result("skipped" if "# SKIP" in more.upper() else "passed" if how == "ok" else "failed", more.strip(" -"))
    if not cases:
        return {name: Result("skipped" if re.search(r"^1\.\.0", said, re.MULTILINE) else "failed", said[-200:])}
    if code != 0:
        cases[name] = Result("failed", f"ended with {code}")
    return cases


def ltp(directory, command, kind, name, ground, place, user):
    if OWN_DISK & kind.keys():
        return {name: Result("skipped", "it makes file systems of its own")}
    if LARGE.fullmatch(name):
        return {name: Result("skipped", "it writes too much")}
    path = f"{directory}/testcases/bin:{os.environ['PATH']}"
    code, said = called(ground, place, user, ["sh", "-c", command], PATH=path, LTPROOT=directory, LTP_COLORIZE_OUTPUT="n")
    lines = [line.strip() for line in said.splitlines() if re.search(r"TFAIL|TBROK|TWARN", line)]
    # 32: what it needs is not there. 127: it was not built, as for want of 16-bit system calls.
    state = "passed" if code == 0 else "skipped" if code in (32, 127) else "failed"
    return {name: Result(state, f"{code}: " + " ".join(lines[:2])[:300])}


def fsx(directory, words, name, ground, place, user):
    code, said = called(ground, place, user, [directory + "/ltp/fsx", *words, "file"])
    return {name: Result("passed" if code == 0 else "failed", f"{code}: {said[-300:]}")}


def fsstress(directory, seed, name, ground, place, user):
    """Four processes. It goes on after whatever it is refused, so its calls are looked at: none may have failed as on a broken disk."""
    words = ["-v", "-d", ".", "-n", "2000", "-p", "4", "-s", str(seed)]
    code, said = called(ground, place, user, [directory + "/ltp/fsstress", *words])
    broken = {str(number) for number in (errno.EIO, errno.ENOTCONN, errno.ECONNABORTED, errno.ESTALE)}
    lines = [line for line in said.splitlines() if re.match("[0-9]+/[0-9]+: ", line)]
    wrong = [line for line in lines if line.split()[-1] in broken]
    return {name: Result("passed" if code == 0 and lines and not wrong else "failed", f"{code}: {len(lines)} calls, {wrong[:3]}")}


# The suite asks for its disk by the name of a device, mounts it and unmounts it. These stand before the real ones, and take a name for it.
STANDING_FOR = {
    "df": """
        line() { /bin/df -P "$TEST_DIR" | sed -n "2s|^[^ ]*|$TEST_DEV fuse|; 2s| [^ ]*\\$| $TEST_DIR|p"; }
        case "${!#}" in
        "$TEST_DEV") echo "Filesystem Type 1024-blocks Used Available Capacity Mounted on"; line ;;
        -*) /bin/df "$@"; line ;;
        *) exec /bin/df "$@" ;;
        esac
        """,
    "findmnt": 'case " $* " in *" $TEST_DEV "*) echo "$TEST_DEV $TEST_DIR" ;; *) exec /usr/bin/findmnt "$@" ;; esac',
    "mount": 'case " $* " in *" $TEST_DEV "* | *" $TEST_DIR "*) ;; *) exec /usr/bin/mount "$@" ;; esac',
    "umount": 'case " $* " in *" $TEST_DEV "* | *" $TEST_DIR "*) ;; *) exec /usr/bin/umount "$@" ;; esac',
}


@contextlib.contextmanager
def standing(ground, programs):
    """A directory of programs that stand before the real ones."""
    with tempfile.TemporaryDirectory(dir=ground.home) as home:
        os.chmod(home, 0o755)
        for program, text in programs.items():
            with open(f"{home}/{program}", "w") as file:
                file.write("#!/bin/bash\n" + textwrap.dedent(text))
            os.chmod(f"{home}/{program}", 0o755)
        yield home


def xfstests(directory, path, scratch, name, ground, place, user):
    """What it prints has to be what the suite expects. Without a disk to format, and without one to unmount."""
    if scratch:
        return {name: Result("skipped", "it makes file systems of its own")}
    with standing(ground, STANDING_FOR) as home:
        for room in ("results", "tmp"):
            os.mkdir(f"{home}/{room}")
            os.chmod(f"{home}/{room}", 0o777)
        script = 'export TEST_DIR=$PWD; cd "$0" && exec bash "$1"'
        code, said = called(
            ground, place, user, ["bash", "-c", script, directory, path], PATH=f"{home}:{os.environ['PATH']}", TEST_DEV="the-place", FSTYP="fuse",
            RESULT_DIR=home + "/results", TMPDIR=home + "/tmp")
        number = path[-3:]
        if os.path.exists(f"{home}/results/{number}.notrun"):
            return {name: Result("skipped", open(f"{home}/results/{number}.notrun").read().strip())}
    if not os.path.exists(path + ".out"):
        return {name: Result("skipped", "it has several answers")}
    unlike = list(difflib.unified_diff(open(path + ".out").read().splitlines(), said.splitlines(), lineterm="", n=0))[2:]
    state = "passed" if code == 0 and not unlike else "failed"
    return {name: Result(state, f"{code}: " + " ".join(unlike)[:400])}
