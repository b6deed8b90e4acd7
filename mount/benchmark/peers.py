"""Those that are compared: the disk below, Pinfold, bindfs and libfuse's own examples. Each shows one tree at one directory."""

import os
import pathlib
import signal
import subprocess
import time

AGENT = 64_321  # the uid and gid that all work is done as; nothing else on the machine uses it
TECHNIQUES = ["passthrough", "no-open", "long-lifetimes", "readdirplus", "negative-entries", "symlink-cache"]


class Peer:
    """`start(tree, mountpoint)` returns the process that serves; None where nothing has to."""

    def __init__(self, name, start, writes_as_root=False):
        self.name = name
        self.start = start
        self.writes_as_root = writes_as_root
        self.process = None
        self.path = None

    def mount(self, tree, place):
        if self.start is None:
            self.path = tree
            return
        self.path = place / f"mnt-{self.name.replace(' ', '-')}"
        self.path.mkdir(exist_ok=True)
        self.process = self.start(tree, self.path)
        wait_for(lambda: os.path.ismount(self.path) and (self.path / "code-repo").exists(), f"{self.name} to mount")

    def unmount(self):
        if self.process is None:
            return
        subprocess.run(["umount", "-R", "-l", self.path], check=False, stderr=subprocess.DEVNULL)
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process = None


def native():
    return Peer("native", None)


def pinfold(place, without=None):
    program = pathlib.Path(os.environ["PINFOLD_PROGRAMS"]) / "pinfold-mount"

    def start(tree, mountpoint):
        words = [program, "--source", tree, "--mountpoint", mountpoint, "--code-repo", tree / "code-repo"]
        words += ["--sandbox", tree / "sandbox", "--agent", f"{AGENT}:{AGENT}"]
        words += ["--without", without] if without else []
        return subprocess.Popen(list(map(str, words)), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)

    return Peer(f"without {without}" if without else "pinfold", start)


def bindfs():
    return Peer("bindfs", lambda tree, mountpoint: quiet(["bindfs", "-f", str(tree), str(mountpoint)]))


def passthrough_ll(place):
    program = compile_example(place, "passthrough_ll")
    if program is None:
        return None
    options = "allow_other,default_permissions,cache=always,timeout=1,source="
    # It makes files as root whoever asks: another user could not write what it has just made.
    start = lambda tree, mountpoint: quiet([program, "-f", "-o", options + str(tree), str(mountpoint)])
    return Peer("passthrough_ll", start, writes_as_root=True)


def everybody(place, progress):
    found = [native(), pinfold(place), bindfs(), passthrough_ll(place)]
    if found[-1] is None:
        progress("passthrough_ll is left out: libfuse3-dev's examples did not compile here")
    return [peer for peer in found if peer]


def quiet(words):
    return subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def compile_example(place, name):
    source = pathlib.Path(f"/usr/share/doc/libfuse3-dev/examples/{name}.c")
    packed = source.with_suffix(".c.gz")
    if packed.exists():
        source = place / f"{name}.c"
        source.write_bytes(subprocess.run(["zcat", packed], capture_output=True, check=True).stdout)
    flags = subprocess.run(["pkg-config", "--cflags", "--libs", "fuse3"], capture_output=True, text=True).stdout.split()
    directory = f"-I/usr/share/doc/libfuse3-dev/examples"
    done = subprocess.run(["gcc", "-O2", "-w", directory, source, "-o", place / name, *flags], capture_output=True)
    return str(place / name) if done.returncode == 0 else None


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
