"""Where the project lies that this process serves."""

from __future__ import annotations

import os
from typing import NamedTuple, Optional

TARGET = "AGENT_DEPLOY_TARGET"


class Place(NamedTuple):
    root: str
    # The release that the process was started in, where it is another one: a worker that is born again inherits the old working directory.
    former: Optional[str]
    # The directory or the link that it was found by; nil where it is the working directory.
    target: Optional[str] = None


def discover(root: Optional[str] = None) -> Place:
    """By what the server says, the variable AGENT_DEPLOY_TARGET, the link `current` beside the releases, or the working directory."""
    try:
        here: Optional[str] = os.path.realpath(os.getcwd())
    except OSError:
        here = None
    target = root or os.environ.get(TARGET) or _link_beside(here)
    if target is None or not os.path.isdir(target):
        if here is None:
            raise FileNotFoundError(f"the working directory is gone, and {TARGET} names no other")
        return Place(here, None)
    real, target = os.path.realpath(target), os.path.abspath(target)
    if here is None or here == real or os.path.dirname(here) != os.path.dirname(real):
        return Place(real, None, target)
    os.chdir(real)
    return Place(real, here, target)


def _link_beside(here: Optional[str]) -> Optional[str]:
    if here is None or os.path.basename(os.path.dirname(here)) != "releases":
        return None
    link = os.path.join(os.path.dirname(os.path.dirname(here)), "current")
    return link if os.path.islink(link) else None


def commit_of(root: str) -> str:
    """What the release's name says of its commit, `<deployment>-<commit>`; empty where it says nothing."""
    word = os.path.basename(root).rpartition("-")[2].lower()
    return word if 7 <= len(word) <= 40 and all(digit in "0123456789abcdef" for digit in word) else ""
