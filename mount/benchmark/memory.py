"""What the daemon holds for files that the kernel remembers, what is left when they are forgotten, and how the work grows."""

import os
import subprocess
import time

import peers


def resident(process):
    with open(f"/proc/{process.pid}/status") as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmRSS"))


def measure(place, most, progress):
    curve = []
    count = 10_000
    while True:
        count = min(count, most)
        progress(f"   {count} files")
        curve.append(one(place, count))
        if count == most:
            return curve
        count *= 10


def one(place, count):
    tree = place / "many"
    for name in ("code-repo", "sandbox", "files"):
        (tree / name).mkdir(parents=True, exist_ok=True)
    for number in range(count // 1000):
        directory = tree / "files" / f"d{number}"
        directory.mkdir(exist_ok=True)
        for index in range(1000):
            (directory / f"f{index}").touch()
    peer = peers.pinfold(place)
    peer.mount(tree, place)
    try:
        before = resident(peer.process)
        started = time.perf_counter()
        subprocess.run(["find", peer.path / "files", "-size", "+1"], check=True, stdout=subprocess.DEVNULL)
        seconds = time.perf_counter() - started
        held = resident(peer.process)
        descriptors = len(os.listdir(f"/proc/{peer.process.pid}/fd"))
        # The kernel lets go of dentries and inodes, and tells the daemon to forget them.
        with open("/proc/sys/vm/drop_caches", "w") as caches:
            caches.write("2")
        deadline = time.monotonic() + 30
        after = resident(peer.process)
        while after > before + 20 * 2**20 and time.monotonic() < deadline:
            time.sleep(0.2)
            after = resident(peer.process)
    finally:
        peer.unmount()
        subprocess.run(["rm", "-rf", tree], check=True)
    return {
        "files": count,
        "seconds": round(seconds, 3),
        "microseconds a file": round(seconds / count * 1e6, 2),
        "bytes a file": round((held - before) / count),
        "MiB beyond the start once forgotten": round((after - before) / 2**20, 1),
        "descriptors": descriptors,
    }
