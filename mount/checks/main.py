"""Installs what is missing, builds, and checks everything that Pinfold promises.

Every check either passes or ends the run with what is wrong; none is skipped."""

import argparse
import concurrent.futures
import io
import subprocess
import sys
import time

import packages
import programs
import python
import sources
import suites

# One line after the other; what stands in one line runs at the same time, because it mostly waits.
ORDER = [
    {"format": sources.format},
    {"shell": sources.shell},
    {"layout": sources.layout},
    {"links": sources.links},
    {"setup": packages.check},
    {"python": python.check},
    {"build": programs.debug},
    {"release": programs.release},
    {"gateway": suites.GATEWAY},
    {"limits": suites.LIMITS},
    {"deploy": suites.DEPLOY, "judge": suites.JUDGE, "restarts": suites.RESTARTS},
    {"crashes": programs.crashes},
    {"browser": programs.browser},
    {"api": programs.api},
    {"load": programs.load},
    {"quickstart": programs.quickstart},
]
NAMES = [name for line in ORDER for name in line]


def main():
    parser = argparse.ArgumentParser(prog="mount/test", description=__doc__)
    parser.add_argument("--only", nargs="+", choices=NAMES, default=NAMES, metavar="NAME", help=f"some of: {' '.join(NAMES)}")
    chosen = parser.parse_args().only
    if code := subprocess.run(["bash", "mount/setup", "--test"], check=False).returncode:
        return code
    passed, failed = [], []
    for line in ORDER:
        checks = {name: check for name, check in line.items() if name in chosen}
        if len(checks) == 1:
            results = [run(name, check, sys.stdout) for name, check in checks.items()]
        else:
            with concurrent.futures.ThreadPoolExecutor() as pool:
                results = list(pool.map(aside, checks, checks.values()))
        for name, right in results:
            (passed if right else failed).append(name)
        if "build" in failed:
            # Nothing after it means anything.
            break
    print(f"{len(passed)} passed, {len(failed)} failed")
    if failed:
        print("failed:", *failed)
    return 1 if failed else 0


def aside(name, check):
    """What it prints is shown as one piece, once it has ended."""
    out = io.StringIO()
    try:
        return run(name, check, out)
    finally:
        print(out.getvalue(), end="", flush=True)


def run(name, check, out):
    print(f"── {name}", file=out, flush=True)
    started = time.monotonic()
    right = check(out)
    print(f"   {name} {'passed' if right else 'FAILED'} ({time.monotonic() - started:.0f} s)", file=out, flush=True)
    return name, right


if __name__ == "__main__":
    sys.exit(main())
