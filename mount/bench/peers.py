"""Those that are compared: the disk below, Pinfold, bubblewrap's binds, bindfs and libfuse's own examples. Each shows one tree at one directory."""

import ctypes
import io
import json
import os
import pathlib
import signal
import subprocess
import tarfile
import time
import urllib.request

AGENT = 64_321  # the uid and gid that all work is done as; nothing else on the machine uses it
TECHNIQUES = ["passthrough", "no-open", "long-lifetimes", "readdirplus", "negative-entries", "symlink-cache", "read-ahead", "survival"]
EXAMPLES = pathlib.Path("/usr/share/doc/libfuse3-dev/examples")


class Peer:
    """`start(tree, mountpoint)` returns the process that serves; None where nothing has to.

    `as_root` says what only root can do there: nothing, `writing`, or `everything`; `environment` is added to the works'.
    """

    def __init__(self, name, start, as_root="nothing", environment={}):
        self.name = name
        self.start = start
        self.as_root = as_root
        self.environment = environment
        self.is_ours = name == "native" or name.startswith(("pinfold", "without"))
        self.process = None
        self.path = None

    def mount(self, tree, place):
        if self.start is None:
            self.path = tree
            return
        self.path = place / f"mnt-{self.name.replace(' ', '-')}"
        self.path.mkdir(exist_ok=True)
        self.process = self.start(tree, self.path)
        wait_for(lambda: self.process.poll() is not None or self.is_there(), f"{self.name} to mount")
        if self.process.poll() is not None:
            raise SystemExit(f"pinfold: {self.name} ended at once, with code {self.process.returncode}")

    def enter(self):
        """Called in a work's process, as root, before it works."""

    def is_there(self):
        return os.path.ismount(self.path) and (self.path / "code-repo").exists()

    def unmount(self):
        if self.process is None:
            return
        subprocess.run(["umount", "-l", self.path], check=False, stderr=subprocess.DEVNULL)
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process = None


class Binds(Peer):
    """The kernel's own mounts: everything read-only but for the zones, in a namespace that bubblewrap makes once and each work's process enters, so that
    what is measured is the mounts and not the start of bubblewrap. No rules by name, no record, and whose files they are is all that guards a zone."""

    NAMESPACE = 0x0002_0000  # CLONE_NEWNS

    def __init__(self):
        super().__init__("bubblewrap", None)

    def mount(self, tree, place):
        self.path = tree
        reader, writer = os.pipe()
        words = ["bwrap", "--ro-bind", "/", "/", "--dev-bind", "/dev", "/dev", "--die-with-parent", "--info-fd", str(writer)]
        for zone in ("code-repo", "sandbox"):
            words += ["--bind", str(tree / zone), str(tree / zone)]
        words += ["sh", "-c", "echo there; exec sleep infinity"]
        self.process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, pass_fds=[writer])
        os.close(writer)
        with os.fdopen(reader) as information:
            self.inside = json.load(information)["child-pid"]
        if self.process.stdout.readline() != b"there\n":
            raise SystemExit("pinfold: bubblewrap ended at once")

    def enter(self):
        namespace = os.open(f"/proc/{self.inside}/ns/mnt", os.O_RDONLY)
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.setns(namespace, self.NAMESPACE) != 0:
            raise OSError(ctypes.get_errno(), "setns")
        os.close(namespace)

    def unmount(self):
        if self.process is None:
            return
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()
        self.process = None


def native():
    return Peer("native", None)


def pinfold(place, without=None, name=None, options=()):
    program = pathlib.Path(os.environ["PINFOLD_PROGRAMS"]) / "pinfold-mount"

    def start(tree, mountpoint):
        words = [program, "--source", tree, "--mountpoint", mountpoint, "--code-repo", tree / "code-repo"]
        words += ["--sandbox", tree / "sandbox", "--agent", f"{AGENT}:{AGENT}", *options]
        words += ["--without", without] if without else []
        reader, writer = os.pipe()
        words += ["--ready-fd", writer]
        process = subprocess.Popen(list(map(str, words)), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, pass_fds=[writer])
        os.close(writer)
        # The zones are mounted after the view, which is there alone for a moment. Nothing is said by one that ended at once.
        with os.fdopen(reader) as said:
            said.readline()
        return process

    return Peer(name or (f"without {without}" if without else "pinfold"), start)


def pinfold_quota(place):
    """Both zones under a quota that nothing here reaches: what counting costs."""
    limit = str(2**40)
    return pinfold(place, name="pinfold, quota", options=["--code-repo-quota", limit, "--sandbox-quota", limit])


def pinfold_direct(place, name="pinfold, direct", record=None):
    """The sandbox as the kernel's own mount, with the record that `pinfold mount` has kept."""
    record = record or place / "record"
    record.mkdir(mode=0o700, exist_ok=True)
    return pinfold(place, name=name, options=["--sandbox-access", "direct", "--audit", record])


def bindfs():
    return Peer("bindfs", lambda tree, mountpoint: quiet(["bindfs", "-f", str(tree), str(mountpoint)]))


def passthrough_ll(place):
    program = compile_example(place, EXAMPLES / "passthrough_ll.c")
    if program is None:
        return None
    options = "allow_other,default_permissions,cache=always,timeout=1,source="
    # It makes files as root whoever asks: another user could not write what it has just made.
    start = lambda tree, mountpoint: quiet([program, "-f", "-o", options + str(tree), str(mountpoint)])
    return Peer("passthrough_ll", start, as_root="writing")


def passthrough_hp(place):
    source = EXAMPLES / "passthrough_hp.cc"
    if not source.exists() and not source.with_suffix(".cc.gz").exists():
        # Debian's package leaves the C++ example out; its source package lies beside it on the same mirror.
        source = download_example(place, "passthrough_hp.cc")
    program = source and compile_example(place, source)
    if program is None:
        return None
    # It lets nobody in but who mounted it, and cannot set the times of a file.
    start = lambda tree, mountpoint: quiet([program, "--foreground", str(tree), str(mountpoint)])
    return Peer("passthrough_hp", start, as_root="everything", environment={"TAR_OPTIONS": "--touch"})


def everybody(place, progress):
    found = [native(), pinfold(place), Binds(), bindfs()]
    for peer, name in ((passthrough_ll(place), "passthrough_ll"), (passthrough_hp(place), "passthrough_hp")):
        if peer is None:
            progress(f"{name} is left out: libfuse's example is not to be had, or did not compile here")
        else:
            found.append(peer)
    return found


def quiet(words):
    return subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def compile_example(place, source):
    packed = source.with_suffix(source.suffix + ".gz")
    if not source.exists() and packed.exists():
        source = place / source.name
        source.write_bytes(subprocess.run(["zcat", packed], capture_output=True, check=True).stdout)
    program = place / source.stem
    flags = subprocess.run(["pkg-config", "--cflags", "--libs", "fuse3"], capture_output=True, text=True).stdout.split()
    compiler = ["g++", "-std=c++17"] if source.suffix == ".cc" else ["gcc"]
    words = [*compiler, "-O2", "-w", f"-I{EXAMPLES}", f"-I{source.parent}", source, "-o", program, *flags, "-lpthread"]
    done = subprocess.run(words, capture_output=True)
    return str(program) if done.returncode == 0 else None


def download_example(place, name):
    """The file of that name from the source of the libfuse that is installed; None without a network."""
    listed = subprocess.run(["apt-get", "--print-uris", "download", "libfuse3-3"], capture_output=True, text=True, cwd=place).stdout
    version = subprocess.run(["dpkg-query", "-W", "-f", "${source:Upstream-Version}", "libfuse3-3"], capture_output=True, text=True).stdout
    mirror = listed.partition("'")[2].partition("'")[0].rpartition("/")[0]
    if not mirror or not version:
        return None
    try:
        with urllib.request.urlopen(f"{mirror}/fuse3_{version}.orig.tar.xz", timeout=20) as answer:
            archive = tarfile.open(fileobj=io.BytesIO(answer.read()), mode="r:xz")
        for member in archive.getmembers():
            # Next to its headers, by their names alone: nothing of the archive's paths is used.
            if pathlib.PurePath(member.name).parent.name == "example" and member.name.endswith((name, ".h", ".hpp")):
                (place / pathlib.PurePath(member.name).name).write_bytes(archive.extractfile(member).read())
    except (OSError, tarfile.TarError):
        return None
    return place / name if (place / name).exists() else None


def wait_for(condition, what, seconds=30):
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise SystemExit(f"pinfold: waited {seconds} s for {what}")
        time.sleep(0.01)


def unmount_all(place):
    with open("/proc/self/mountinfo") as table:
        mounted = [line.split()[4] for line in table]
    for mountpoint in reversed(mounted):
        if mountpoint.startswith(f"{place}/"):
            subprocess.run(["umount", "-l", mountpoint], check=False, stderr=subprocess.DEVNULL)
