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


class Trees:
    """Digests of whole trees. A file that has neither moved nor been written since it was read is not read again."""

    def __init__(self) -> None:
        self._known: Dict[str, Tuple[_Stamp, str]] = {}

    def digests(self, root: str) -> Digests:
        """By path relative to `root`. Links count by what they say, and special files by their kind: neither is opened."""
        found: Digests = {}
        known: Dict[str, Tuple[_Stamp, str]] = {}
        pending: List[str] = [root]
        while pending:
            with os.scandir(pending.pop()) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        if entry.name not in SKIPPED:
                            pending.append(entry.path)
                        continue
                    found[entry.path[len(root) + 1 :]] = self._digest(entry, known)
        self._known.update(known)
        return found

    def _digest(self, entry: "os.DirEntry[str]", known: Dict[str, Tuple[_Stamp, str]]) -> str:
        status = entry.stat(follow_symlinks=False)
        if stat.S_ISLNK(status.st_mode):
            return "link " + os.readlink(entry.path)
        if not stat.S_ISREG(status.st_mode):
            return "special"
        stamp = (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
        remembered = self._known.get(entry.path)
        if remembered is not None and remembered[0] == stamp:
            return remembered[1]
        with open(entry.path, "rb") as file:
            digest = hashlib.sha256(file.read()).hexdigest()
        known[entry.path] = (stamp, digest)
        return digest


def is_library(path: str) -> bool:
    return not LIBRARIES.isdisjoint(path.split("/"))


def inside(path: str, root: str) -> bool:
    return path == root or path.startswith(root + "/")
