"""What Pinfold costs, as ratios to the same work on the disk below, taken in turns so that a noisy machine hits all alike."""

import argparse
import json
import os
import pathlib
import platform
import resource
import subprocess
import sys
import tempfile
import time

import building
import coherence
import deploy
import memory
import peers
import report
import running
import signal
import views
import works

PARTS = ["view", "first", "zone", "build", "swift", "quota", "direct", "run", "coherence", "views", "techniques", "memory", "deploy"]


def progress(text):
    print(text, file=sys.stderr, flush=True)


def main():
    # Ended from outside, it cleans up as well.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    parser = argparse.ArgumentParser(prog="mount/bench/run", description=__doc__)
    quick = "two rounds and small inputs, in some ten minutes: a look, not a measurement"
    parser.add_argument("--quick", action="store_true", help=quick)
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS, metavar="PART", help=f"some of: {' '.join(PARTS)}")
    parser.add_argument("--rounds", type=int, help="turns that each takes (default 5, or 2 with --quick)")
    parser.add_argument("--files", type=int, default=1_000_000, help="the largest number of files that memory is measured with")
    out = "where results.json and results.svg go (default .build-release/performance)"
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path(".build-release/performance"), help=out)
    parser.add_argument("--add", action="store_true", help="keep what results.json has of the parts that are not measured now")
    page = "a page whose lines between `<!-- results -->` and `<!-- end of results -->` become the tables"
    parser.add_argument("--page", type=pathlib.Path, help=page)
    options = parser.parse_args()
    options.rounds = options.rounds or (2 if options.quick else 5)
    if os.geteuid() != 0:
        sys.exit("pinfold: mounting needs root; run it with sudo")

    place = pathlib.Path(tempfile.mkdtemp(prefix="pinfold-bench-", dir="/var/tmp"))
    place.chmod(0o755)
    options.out.mkdir(parents=True, exist_ok=True)
    kept = options.out / "results.json"
    results = json.loads(kept.read_text()) if options.add and kept.exists() else {}
    results.update({"machine": machine(), "rounds": options.rounds, "quick": options.quick})
    try:
        measure(options, place, results, lambda: kept.write_text(json.dumps(results, indent=1) + "\n"))
    finally:
        peers.unmount_all(place)
        subprocess.run(["rm", "-rf", place], check=False)
    (options.out / "results.svg").write_text(report.plot(results))
    text = report.tables(results)
    if options.page:
        report.write_into(options.page, text)
    print(text)
    progress(f"Written: {options.out}/results.json and {options.out}/results.svg")


def measure(options, place, results, keep):
    # passthrough_ll keeps a descriptor for every file that it has shown.
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    # The deploy half needs neither the others nor their tree.
    rest = set(options.only) - {"deploy"}
    everybody = peers.everybody(place, progress) if rest else []
    corpus = works.Corpus(place / "tree", options.quick, progress) if rest else None
    rounds = options.rounds
    for part in options.only:
        started = time.monotonic()
        progress(f"── {part}")
        if part in ("view", "first", "zone", "build"):
            table = {"view": works.VIEW, "first": works.VIEW, "zone": works.ZONE, "build": works.BUILD}[part]
            results[part] = works.compare(everybody, corpus, table, rounds, progress, fresh=part == "first")
        elif part == "quota":
            both = [peers.native(), peers.pinfold(place), peers.pinfold_quota(place)]
            results[part] = works.compare(both, corpus, works.ZONE, rounds, progress)
        elif part == "direct":
            both = [peers.native(), peers.pinfold(place), peers.pinfold_direct(place)]
            results[part] = works.compare(both, corpus, works.SANDBOX, rounds, progress)
        elif part == "run":
            results[part] = running.measure(place, corpus, rounds * 10)
        elif part == "swift":
            results[part] = building.measure(place, corpus, 1 if options.quick else min(rounds, 3))
            if results[part] is None:
                progress("swift build is left out: there is no swift in PATH")
                del results[part]
        elif part == "coherence":
            results[part] = coherence.measure(place, corpus, seconds=5 if options.quick else 20)
        elif part == "views":
            results[part] = views.measure(place, rounds)
        elif part == "memory":
            results[part] = memory.measure(place, min(options.files, 50_000) if options.quick else options.files, progress)
        elif part == "deploy":
            results[part] = deploy.measure(place, options.quick, progress)
        elif part == "techniques":
            # All in the same turns: each is compared to the whole and to native.
            variants = [peers.native(), peers.pinfold(place), *(peers.pinfold(place, without=name) for name in peers.TECHNIQUES)]
            results[part] = {
                "view": works.compare(variants, corpus, works.VIEW, min(rounds, 3), progress),
                "first": works.compare(variants, corpus, works.VIEW, 1, progress, fresh=True),
                "zone": works.compare(variants, corpus, works.ZONE, min(rounds, 3), progress),
            }
        # Should a later part fail.
        keep()
        progress(f"   took {time.monotonic() - started:.0f} s")


def rings_allowed():
    """Whether the admin lets FUSE's requests come through rings: the kernel's own choice is no."""
    switch = pathlib.Path("/sys/module/fuse/parameters/enable_uring")
    return "on" if switch.exists() and switch.read_text().startswith("Y") else "off"


def machine():
    processor = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), platform.machine())
    return {
        "kernel": platform.release(),
        "processor": processor,
        "cores": os.cpu_count(),
        "memory": f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.0f} GiB",
        "io_uring for FUSE": rings_allowed(),
        "filesystem": subprocess.run(["findmnt", "-no", "FSTYPE", "-T", "/var/tmp"], capture_output=True, text=True).stdout.strip(),
        "load at start": round(os.getloadavg()[0], 2),
    }


if __name__ == "__main__":
    main()
