"""What `pinfold run` adds to a bubblewrap that does the same binds and namespaces."""

import os
import pathlib
import statistics
import subprocess
import time

import peers

PLAIN = ["bwrap", "--ro-bind", "/", "/", "--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp", "--unshare-pid", "--unshare-ipc",
         "--unshare-uts", "--die-with-parent", "true"]  # fmt: skip


def measure(place, corpus, rounds):
    program = str(pathlib.Path(os.environ["PINFOLD_PROGRAMS"]) / "pinfold")
    view = place / "run-view"
    view.mkdir()
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("AGENT_")},
        "AGENT_DATA_ROOT": str(corpus.tree),
        "AGENT_VIEW_MOUNTPOINT": str(view),
        # Who is in the system's own list: of another one, further databases would be asked.
        "AGENT_USER": "daemon",
    }
    subprocess.run([program, "mount"], env=environment, check=True, stdout=subprocess.DEVNULL)
    try:
        times = {"bwrap": [], "pinfold run": []}
        for _ in range(rounds):
            for name, words in (("bwrap", PLAIN), ("pinfold run", [program, "run", "--", "true"])):
                started = time.perf_counter()
                subprocess.run(words, env=environment, check=True, stdin=subprocess.DEVNULL)
                times[name].append(time.perf_counter() - started)
    finally:
        subprocess.run([program, "umount"], env=environment, check=False, stdout=subprocess.DEVNULL)
    medians = {name: round(statistics.median(values) * 1000, 2) for name, values in times.items()}
    return {"milliseconds": medians, "beyond bwrap": round(medians["pinfold run"] - medians["bwrap"], 2)}
