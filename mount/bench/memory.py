"""What the daemon holds for files that the kernel remembers, what is left when they are forgotten, and how the work grows."""

import os
import subprocess
import time

import deploy
import peers

DESCRIPTORS = 256


def resident(process):
    """Bytes of the keeper, the guard and the server together: what they share counts once."""
    total = 0
    for member in [process.pid, *deploy.descendants(process.pid)]:
        with open(f"/proc/{member}/smaps_rollup") as rollup:
            total += next(int(line.split()[1]) * 1024 for line in rollup if line.startswith("Pss:"))
    return total


def measure(place, most, progress):
    """The curve from 10,000 files to `most`, in one tree that grows: a million files are made once."""
    tree = place / "many"
    for name in ("code-repo", "sandbox", "files"):
        (tree / name).mkdir(parents=True, exist_ok=True)
    curve = []
    made = 0
    count = 10_000
    while True:
        count = min(count, most)
        progress(f"   {count} files")
        for number in range(made // 1000, count // 1000):
            directory = tree / "files" / f"d{number}"
            directory.mkdir()
            for index in range(1000):
                os.close(os.open(directory / f"f{index}", os.O_CREAT | os.O_WRONLY))
        made = count
        # Native once, so that the disk's own caches are warm.
        native = timed_find(tree)
        curve.append({**one(place, tree, count), "native seconds": round(native, 3)})
        progress("   " + ", ".join(f"{name} {value}" for name, value in curve[-1].items()))
        if count == most:
            return curve
        count *= 10


def timed_find(root):
    started = time.perf_counter()
    subprocess.run(["find", root / "files", "-size", "+1"], check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - started


def one(place, tree, count):
    peer = peers.pinfold(place, options=["--descriptors", DESCRIPTORS])
    peer.mount(tree, place)
    try:
        before = resident(peer.process)
        seconds = timed_find(peer.path)
        held = resident(peer.process)
        descriptors = len(os.listdir(f"/proc/{peer.process.pid}/fd"))
        # The kernel lets go of dentries and inodes, and tells the daemon to forget them.
        with open("/proc/sys/vm/drop_caches", "w") as caches:
            caches.write("2")
        deadline = time.monotonic() + 60
        after = resident(peer.process)
        while after > before + 20 * 2**20 and time.monotonic() < deadline:
            time.sleep(0.2)
            after = resident(peer.process)
    finally:
        peer.unmount()
    return {
        "files": count,
        "seconds": round(seconds, 3),
        "µs a file": round(seconds / count * 1e6, 2),
        "bytes a file": round((held - before) / count),
        "MiB beyond the start once forgotten": round((after - before) / 2**20, 1),
        f"descriptors of {DESCRIPTORS}": descriptors,
    }
