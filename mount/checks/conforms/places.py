"""A disk of its own, and a view of it for each kind of zone."""

import contextlib
import ctypes
import os
import shutil
import signal
import subprocess
import tempfile
import time

AGENT = 61234
ZONES = ("served", "quota", "direct")
SIZE = 8 << 30
MEMORY = 6 << 30


class Ground:
    """`places` is {name: directory that the agent may write}. What a test leaves mounted or running goes with it."""

    def __init__(self, mount, zones):
        self.mount, self.zones, self.keepers = mount, zones, []
        # Of the directories that tests run in, so that what they leave is told from others'.
        self.prefix = f"conformance-{os.getpid()}-"

    def __enter__(self):
        self.home = tempfile.mkdtemp(prefix="conformance-")
        os.chmod(self.home, 0o755)
        try:
            self.bounded()
            self.made()
        except BaseException:
            self.__exit__()
            raise
        return self

    def made(self):
        # No mount of this is anybody else's.
        assert ctypes.CDLL(None).unshare(0x00020000) == 0
        run("mount", "--make-rprivate", "/")
        self.alone()
        self.disk = self.home + "/disk"
        os.mkdir(self.disk)
        with open(self.home + "/image", "wb") as image:
            image.truncate(SIZE)
        run("mkfs.ext4", "-q", "-F", "-i", "8192", self.home + "/image")
        run("mount", "-o", "loop", self.home + "/image", self.disk)
        self.places = {"native": self.owned(self.disk + "/native")}
        for zone in self.zones:
            self.places[zone] = self.view(zone)

    def alone(self):
        """Programs of the suites ask every file system that is mounted. Here no view of others is, which might not answer."""
        with open("/proc/self/mountinfo") as mounts:
            mounts = [line.split() for line in mounts]
        for fields in reversed(mounts):
            if fields[fields.index("-") + 1] == "fuse.pinfold":
                ctypes.CDLL(None).umount2(fields[4].encode().decode("unicode_escape").encode("latin-1"), 2)  # MNT_DETACH

    def owned(self, path):
        os.makedirs(path)
        os.chown(path, AGENT, AGENT)
        return path

    def view(self, zone):
        source, view = f"{self.disk}/{zone}", f"{self.home}/{zone}"
        for name in ("code-repo", "sandbox"):
            self.owned(f"{source}/data/{name}")
        os.mkdir(view)
        os.mkdir(f"{self.home}/{zone}-usage", 0o700)
        arguments = [self.mount, "--source", source, "--mountpoint", view, "--code-repo", source + "/data/code-repo"]
        arguments += ["--sandbox", source + "/data/sandbox", "--agent", f"{AGENT}:{AGENT}"]
        arguments += ["--sandbox-access", "direct" if zone == "direct" else "served"]
        if zone == "quota":
            arguments += ["--usage", f"{self.home}/{zone}-usage", "--sandbox-quota", f"{SIZE // 2},300000"]
        reading, writing = os.pipe()
        with open(f"{self.home}/{zone}.log", "w") as log:
            self.keepers.append(subprocess.Popen([*arguments, "--ready-fd", str(writing)], stderr=log, pass_fds=[writing]))
        os.close(writing)
        with os.fdopen(reading, "rb") as said:
            if said.read() != b"ready\n":
                raise SystemExit(f"conformance: no {zone} view:\n" + open(f"{self.home}/{zone}.log").read())
        return view + "/data/sandbox"

    def bounded(self):
        """This process, all that it starts and the views in a control group of their own. Cached pages count, and are given back."""
        self.group = None
        for above, limit in (("/sys/fs/cgroup", "memory.max"), ("/sys/fs/cgroup/memory", "memory.limit_in_bytes")):
            group = f"{above}/pinfold-conformance-{os.getpid()}"
            if os.path.exists(f"{above}/cgroup.procs"):
                os.mkdir(group)
                self.group = (above, group)
                with open(f"{group}/{limit}", "w") as file:
                    file.write(str(MEMORY))
                self.move(group)
                return
        raise SystemExit("conformance: no control group for memory")

    def move(self, group):
        with open(group + "/cgroup.procs", "w") as file:
            file.write(str(os.getpid()))

    def __exit__(self, *_):
        for keeper in self.keepers:
            keeper.send_signal(signal.SIGTERM)
        for keeper in self.keepers:
            if (code := keeper.wait(60)) != 0:
                print(f"a view ended with {code}; its log is in {self.home}")
        for line in subprocess.run(["losetup", "--list", "--noheadings"], capture_output=True, text=True).stdout.splitlines():
            if f"/{self.prefix}" in line:
                subprocess.run(["losetup", "--detach", line.split()[0]])
        for place in (*self.zones, "disk"):
            subprocess.run(["umount", "--lazy", f"{self.home}/{place}"], stderr=subprocess.DEVNULL)
        if self.group:
            self.move(self.group[0])
            # What was killed is there until it has ended.
            for _ in range(100):
                with contextlib.suppress(OSError):
                    os.rmdir(self.group[1])
                    break
                time.sleep(0.1)
        shutil.rmtree(self.home, ignore_errors=True)


def run(*words):
    subprocess.run(words, check=True)
