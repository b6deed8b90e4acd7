"""Every kind of change comes out as a fresh start of the new version, or as the old one with a reason."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Dict

from .kinds import KINDS, REFUSED, Kind

PROGRAM = os.path.join(os.path.dirname(os.path.abspath(__file__)), "process_of_kind.py")


def run(how: str, kind: Kind) -> Dict[str, Any]:
    place = tempfile.mkdtemp(prefix="pinfold-kind-")
    try:
        done = subprocess.run(
            [sys.executable, "-W", "ignore", PROGRAM, how, kind.name, place], capture_output=True, text=True, timeout=120,
            stdin=subprocess.DEVNULL)
        lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
        said: Dict[str, Any] = json.loads(lines[-1]) if lines else {"dead": f"{done.returncode} {done.stderr[-2000:]}"}
        return said
    finally:
        shutil.rmtree(place, ignore_errors=True)


class Kinds(unittest.TestCase):
    def test_names_are_different(self) -> None:
        self.assertEqual(len(KINDS), len({kind.name for kind in KINDS}))

    def test_each_kind_is_the_new_version_or_the_old_one_with_a_reason(self) -> None:
        with ThreadPoolExecutor(os.cpu_count() or 2) as pool:
            for kind, problem in zip(KINDS, pool.map(self.problem, KINDS)):
                with self.subTest(kind.name):
                    self.assertEqual(problem, "")

    def problem(self, kind: Kind) -> str:
        said = run("reload", kind)
        if "dead" in said:
            return f"the process died: {said['dead']}"
        expected = run("old", kind) if said["tier"] == REFUSED else run("fresh", kind)
        if said["answer"] != expected.get("answer"):
            return f"{said}, and {expected} was expected"
        if said["tier"] != kind.tier:
            return f"{said['tier']} and not {kind.tier}: {said}"
        if kind.reason not in said.get("reason", ""):
            return f"the reason does not say '{kind.reason}': {said['reason']}"
        if said["kept"] != said["kept before"]:
            return f"state was lost: {said}"
        return ""


if __name__ == "__main__":
    unittest.main()
