"""What a reload takes, and for how long requests wait: `python3 -m tests.benchmark` in the directory Python.

A project of fifty modules, each of which imports the one before, behind wsgiref, under load of four clients; and the same with two million
live objects in a module that stays.
"""

from __future__ import annotations

import argparse
import sys
import time
from typing import Dict, List

from . import projects
from .support import Daemon, Deployments, Load, free_port, server

MODULES = 50


def project(version: int, anew: bool, objects: int) -> Dict[str, str]:
    files = projects.flask("word")
    hoard = f"HOARD = [[number] for number in range({objects})]\n" if objects else ""
    files["srv/state.py"] = projects.STATE + hoard
    for number in range(MODULES):
        before = f"from . import part{number - 1}\n" if number else ""
        # The text of the first changes: everything is made of it.
        mark = f"MARK = {version}\n" if anew and number == 0 else ""
        inner = f"part{number - 1}.value()" if number else str(version)
        files[f"srv/part{number}.py"] = f"{before}{mark}\n\ndef value():\n    return {inner}\n"
    files["srv/app.py"] = f"from . import part{MODULES - 1}\n" + projects.FLASK.replace("first + greet()", f"str(part{MODULES - 1}.value())")
    return files


def measure(anew: bool, objects: int, turns: int) -> List[Dict[str, float]]:
    deployments = Deployments()
    try:
        port = free_port()
        deployments.switch(deployments.release(project(0, anew, objects))[0])
        found = []
        with server(deployments, [sys.executable, "serve.py", str(port)], port), Load(port) as load:
            for version in range(1, turns + 1):
                load.settled()
                path, commit = deployments.release(project(version, anew, objects))
                deployments.switch(path)
                began = time.monotonic()
                answer = Daemon(deployments).reload(path, commit)[0]
                ended = time.monotonic()
                slowest = max(end - start for start, end, _, _ in load.answers if start > began - 1)
                found.append({
                    "whole": (ended - began) * 1000, "pause": answer["paused"], "slowest request": slowest * 1000,
                    "modules": len(answer["modules"])})
        if load.failures:
            raise SystemExit(f"requests failed: {load.failures[:3]}")
        return found
    finally:
        deployments.remove()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--objects", type=int, default=2_000_000)
    options = parser.parse_args()
    print(f"{'':38}{'whole':>10}{'pause':>10}{'slowest request':>18}   (milliseconds, median of {options.turns})")
    for objects in (0, options.objects):
        for anew in (False, True):
            found = measure(anew, objects, options.turns)
            middle = {key: sorted(one[key] for one in found)[len(found) // 2] for key in found[0]}
            name = f"{'reloaded' if anew else 'patched'}, {middle['modules']:.0f} of {MODULES} modules{f', {objects} objects' if objects else ''}"
            print(f"{name:38}{middle['whole']:10.0f}{middle['pause']:10.1f}{middle['slowest request']:18.0f}", flush=True)


if __name__ == "__main__":
    main()
