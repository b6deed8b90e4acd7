"""The files of a release, by their digests."""

from __future__ import annotations

import hashlib
import os
import stat
from typing import Dict, List, Tuple

# Not the project's own, or made from it.
SKIPPED = {"__pycache__", ".git", "node_modules", ".mypy_cache", ".pytest_cache"}
# Directories of installed packages, where a virtual environment lies in the release.
LIBRARIES = {"site-packages", "dist-packages"}

Digests = Dict[str, str]
_Stamp = Tuple[int, int, int, int, int]
_Known = Dict[str, Tuple[_Stamp, str]]


class Trees:
    """Digests of whole trees. A file that has neither moved nor been written since it was read is not read again."""

    def __init__(self) -> None:
        # By tree: the one that is loaded and the one that is to be, for a reload that is tried again or goes back.
        self._known: Dict[str, _Known] = {}

    def digests(self, root: str) -> Digests:
        """By path relative to `root`. Links count by what they say, and special files by their kind: neither is opened."""
        found: Digests = {}
        former = self._known.pop(root, {})
        known: _Known = {}
        pending: List[str] = [root]
        while pending:
            with os.scandir(pending.pop()) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        if entry.name not in SKIPPED:
                            pending.append(entry.path)
                        continue
                    found[entry.path[len(root) + 1 :]] = self._digest(entry, former, known)
        self._known[root] = known
        while len(self._known) > 2:
            del self._known[next(iter(self._known))]
        return found

    @staticmethod
    def _digest(entry: "os.DirEntry[str]", former: _Known, known: _Known) -> str:
        status = entry.stat(follow_symlinks=False)
        if stat.S_ISLNK(status.st_mode):
            return "link " + os.readlink(entry.path)
        if not stat.S_ISREG(status.st_mode):
            return "special"
        stamp = (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
        remembered = former.get(entry.path)
        if remembered is not None and remembered[0] == stamp:
            known[entry.path] = remembered
            return remembered[1]
        with open(entry.path, "rb") as file:
            digest = hashlib.sha256(file.read()).hexdigest()
        known[entry.path] = (stamp, digest)
        return digest


def is_library(path: str) -> bool:
    return not LIBRARIES.isdisjoint(path.split("/"))


def inside(path: str, root: str) -> bool:
    return path == root or path.startswith(root + "/")
