"""What several views cost a machine whose disk is busy elsewhere: a writer's time with none of them, one, and five, and the processor time of their daemons."""

import os
import shutil
import statistics
import time

import peers

COUNTS = [0, 1, 5]
FILES = 20_000  # each is made, written, closed and removed


def measure(place, rounds):
    """Medians over the turns, in each of which every number of views is there once."""
    elsewhere = place / "elsewhere"
    elsewhere.mkdir(exist_ok=True)
    turns = {count: [] for count in COUNTS}
    for turn in range(rounds):
        for count in COUNTS if turn % 2 else reversed(COUNTS):
            turns[count].append(one_turn(place, elsewhere, count))
    shutil.rmtree(elsewhere)
    native = statistics.median(seconds for seconds, _ in turns[0])
    return [
        {
            "views": count,
            "seconds": round(statistics.median(seconds for seconds, _ in turns[count]), 2),
            "ratio": round(statistics.median(seconds for seconds, _ in turns[count]) / native, 2),
            "daemons": round(statistics.median(daemons for _, daemons in turns[count]), 2),
        }
        for count in COUNTS
    ]


def one_turn(place, elsewhere, count):
    views = []
    try:
        for number in range(count):
            tree = place / f"tree-{number}"
            for zone in ("code-repo", "sandbox"):
                (tree / zone).mkdir(parents=True, exist_ok=True)
                os.chown(tree / zone, peers.AGENT, peers.AGENT)
            # As `pinfold mount` has it: the sandbox direct, with a record.
            view = peers.pinfold_direct(place, name=f"view-{number}", record=place / f"record-{number}")
            view.mount(tree, place)
            views.append(view)
        write(elsewhere, FILES // 10)
        before = processor_time(views)
        started = time.perf_counter()
        write(elsewhere, FILES)
        taken = time.perf_counter() - started
        # What is reported then is worked through in some milliseconds.
        time.sleep(0.2)
        return taken, processor_time(views) - before
    finally:
        for view in views:
            view.unmount()


def write(directory, files):
    for number in range(files):
        path = directory / f"file{number % 1000}"
        with open(path, "wb", buffering=0) as file:
            file.write(b"x")
        path.unlink()


def processor_time(views):
    """Seconds that the daemons' threads have run."""
    return sum(thread_time(process) for view in views for process in family(view.process.pid)) / 1e9


def family(process):
    yield process
    with open(f"/proc/{process}/task/{process}/children") as children:
        for child in children.read().split():
            yield from family(int(child))


def thread_time(process):
    taken = 0
    for thread in os.listdir(f"/proc/{process}/task"):
        with open(f"/proc/{process}/task/{thread}/schedstat") as file:
            taken += int(file.read().split()[0])
    return taken
