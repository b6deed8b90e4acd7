"""How long until a change beside the view is seen through it, while a thousand other changes a second go on."""

import os
import signal
import statistics
import time

import peers


def measure(place, corpus, seconds):
    peer = peers.pinfold(place)
    peer.mount(corpus.tree, place)
    beside, through = corpus.tree / "logs", peer.path / "logs"
    beside.mkdir(exist_ok=True)
    # A process of its own: in a thread it would hold up the observer.
    reader, writer = os.pipe()
    disturber = os.fork()
    if disturber == 0:
        try:
            os.close(reader)
            disturb(beside, writer)
        finally:
            os._exit(1)
    os.close(writer)
    taken = {"append": [], "replace": [], "remove": [], "chmod": []}
    started = time.monotonic()
    try:
        number = 0
        while time.monotonic() - started < seconds:
            number += 1
            name = f"seen{number}"
            mine, seen = beside / name, through / name
            mine.write_text("a")
            wait(lambda: seen.exists())
            seen.read_bytes()
            with open(mine, "a") as file:
                file.write("b")
            taken["append"].append(wait(lambda: seen.stat().st_size == 2 and seen.read_bytes() == b"ab"))
            (beside / "next").write_text("replaced")
            os.rename(beside / "next", mine)
            taken["replace"].append(wait(lambda: read(seen) == b"replaced"))
            os.chmod(mine, 0o600)
            taken["chmod"].append(wait(lambda: seen.stat().st_mode & 0o777 == 0o600))
            mine.unlink()
            taken["remove"].append(wait(lambda: not seen.exists()))
    finally:
        elapsed = time.monotonic() - started
        # SIGTERM would have it clean up what all the parts use.
        os.kill(disturber, signal.SIGKILL)
        with os.fdopen(reader, "rb") as pipe:
            changes = len(pipe.read()) * 100
        os.waitpid(disturber, 0)
        peer.unmount()
    everything = sorted(value for values in taken.values() for value in values)
    return {
        "milliseconds": {name: summary(values) for name, values in {**taken, "all": everything}.items()},
        "observations": len(everything),
        "changes a second": round(changes / elapsed),
    }


def disturb(beside, writer):
    """A thousand changes a second until it is killed; a byte for each hundred."""
    started = time.monotonic()
    number = 0
    while True:
        path = beside / f"noise{number % 100}"
        (path.write_text if number % 3 else lambda _: path.unlink(missing_ok=True))(str(number))
        number += 1
        if number % 100 == 0:
            os.write(writer, b".")
        ahead = number / 1000 - (time.monotonic() - started)
        if ahead > 0:
            time.sleep(ahead)


def read(path):
    """The bytes; nothing where the file was replaced between its opening and its reading (Docs/Semantics.md, below S-9)."""
    try:
        return path.read_bytes()
    except OSError:
        return None


def wait(condition):
    started = time.perf_counter()
    while not condition():
        if time.perf_counter() - started > 10:
            raise SystemExit("pinfold: a change was not seen within 10 s")
    return time.perf_counter() - started


def summary(values):
    ordered = sorted(values)
    return {
        "median": round(statistics.median(ordered) * 1000, 3),
        "p99": round(ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))] * 1000, 3),
    }
