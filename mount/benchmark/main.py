"""What Pinfold costs, as ratios to the same work on the disk below, taken in turns so that a noisy machine hits all alike."""

import argparse
import json
import os
import pathlib
import platform
import shutil
import subprocess
import sys
import tempfile

import coherence
import deploy
import memory
import peers
import report
import running
import works

PARTS = ["view", "first", "zone", "build", "run", "coherence", "memory", "techniques", "deploy"]


def progress(text):
    print(text, file=sys.stderr, flush=True)


def main():
    parser = argparse.ArgumentParser(prog="mount/bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="three rounds and small inputs: a look, not a measurement")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS, metavar="PART", help=f"some of: {' '.join(PARTS)}")
    parser.add_argument("--rounds", type=int, help="turns that each takes (default 7, or 3 with --quick)")
    parser.add_argument("--files", type=int, default=1_000_000, help="the largest number of files that memory is measured with")
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path("Docs/bench"), help="where results.json and results.svg go")
    options = parser.parse_args()
    options.rounds = options.rounds or (3 if options.quick else 7)
    if os.geteuid() != 0:
        sys.exit("pinfold: mounting needs root; run it with sudo")

    place = pathlib.Path(tempfile.mkdtemp(prefix="pinfold-bench-", dir="/var/tmp"))
    place.chmod(0o755)
    results = {"machine": machine(), "rounds": options.rounds, "quick": options.quick}
    try:
        measure(options, place, results)
    finally:
        peers.unmount_all(place)
        shutil.rmtree(place, ignore_errors=True)
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / "results.json").write_text(json.dumps(results, indent=1) + "\n")
    (options.out / "results.svg").write_text(report.plot(results))
    print(report.tables(results))
    progress(f"Written: {options.out}/results.json and {options.out}/results.svg")


def measure(options, place, results):
    # The deploy half needs neither the others nor their tree.
    rest = set(options.only) - {"deploy"}
    everybody = peers.everybody(place, progress) if rest else []
    corpus = works.Corpus(place / "tree", options.quick, progress) if rest else None
    for part in options.only:
        progress(f"── {part}")
        if part in ("view", "first", "zone", "build"):
            table = {"view": works.VIEW, "first": works.VIEW, "zone": works.ZONE, "build": works.BUILD}[part]
            results[part] = works.compare(everybody, corpus, table, options.rounds, progress, fresh=part == "first")
        elif part == "run":
            results[part] = running.measure(place, corpus, options.rounds * 10)
        elif part == "coherence":
            results[part] = coherence.measure(place, corpus, seconds=5 if options.quick else 20)
        elif part == "memory":
            results[part] = memory.measure(place, min(options.files, 50_000) if options.quick else options.files, progress)
        elif part == "deploy":
            results[part] = deploy.measure(place, options.quick, progress)
        elif part == "techniques":
            results[part] = {}
            for name in peers.TECHNIQUES:
                pair = [peers.native(), peers.pinfold(place), peers.pinfold(place, without=name)]
                progress(f"   without {name}")
                results[part][name] = {
                    "view": works.compare(pair, corpus, works.VIEW, options.rounds, progress),
                    "zone": works.compare(pair, corpus, works.ZONE, options.rounds, progress),
                }


def machine():
    processor = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), platform.machine())
    return {
        "kernel": platform.release(),
        "processor": processor,
        "cores": os.cpu_count(),
        "memory": f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.0f} GiB",
        "filesystem": subprocess.run(["findmnt", "-no", "FSTYPE", "-T", "/var/tmp"], capture_output=True, text=True).stdout.strip(),
        "load at start": round(os.getloadavg()[0], 2),
    }


if __name__ == "__main__":
    main()
