"""What `pinfold run` adds to a bubblewrap that does the same binds and namespaces."""

import contextlib
import os
import pathlib
import statistics
import subprocess
import time

import peers

PLAIN = ["bwrap", "--ro-bind", "/", "/", "--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp", "--unshare-pid", "--unshare-ipc",
         "--unshare-uts", "--die-with-parent", "true"]  # fmt: skip


# Who is in the system's own list: of another one, further databases would be asked.
USER = "daemon"


@contextlib.contextmanager
def view(place, corpus):
    """A view of the whole machine with the corpus' zones: `pinfold run`, and the environment that it needs."""
    program = str(pathlib.Path(os.environ["PINFOLD_PROGRAMS"]) / "pinfold")
    mountpoint = place / "run-view"
    mountpoint.mkdir(exist_ok=True)
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("AGENT_")},
        "AGENT_DATA_ROOT": str(corpus.tree),
        "AGENT_VIEW_MOUNTPOINT": str(mountpoint),
        "AGENT_USER": USER,
    }
    # In the place of the machine's own settings.
    empty = place / "empty.env"
    empty.touch()
    settings = ["--config", str(empty)]
    subprocess.run([program, "mount", *settings], env=environment, check=True, stdout=subprocess.DEVNULL)
    try:
        yield [program, "run", *settings], environment
    finally:
        subprocess.run([program, "umount", *settings], env=environment, check=False, stdout=subprocess.DEVNULL)


def measure(place, corpus, rounds):
    times = {"bwrap": [], "pinfold run": []}
    with view(place, corpus) as (run, environment):
        for _ in range(rounds):
            for name, words in (("bwrap", PLAIN), ("pinfold run", [*run, "--", "true"])):
                started = time.perf_counter()
                subprocess.run(words, env=environment, check=True, stdin=subprocess.DEVNULL)
                times[name].append(time.perf_counter() - started)
    medians = {name: round(statistics.median(values) * 1000, 2) for name, values in times.items()}
    return {"milliseconds": medians, "beyond bwrap": round(medians["pinfold run"] - medians["bwrap"], 2)}
