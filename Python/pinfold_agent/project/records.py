"""What is known of each module of the project since it was executed."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import CodeType
from typing import Dict, Set

from .world import Change, Key


@dataclass
class Record:
    """A module's execution.

    The code objects are held so that their identity stays theirs; they hold nothing of the version's state.
    """

    name: str
    # The release that it was executed from, and its file's path in it.
    root: str
    path: str
    source: bytes
    # How many modules were executed before it.
    order: int
    # False where it was executed before anybody looked: then any of its functions may have run meanwhile.
    seen: bool = True
    # The project's functions that ran while it was executed, by identity: what they computed is part of it.
    ran: Dict[int, CodeType] = field(default_factory=dict)
    # Modules of the project that were executed because it asked for them.
    led_to: Set[str] = field(default_factory=set)
    # Modules of the project that it wrote into.
    wrote: Set[str] = field(default_factory=set)
    # Whether another module of the project was being executed when it was.
    asked_by_module: bool = False
    # Settings of the process that it changed.
    changed: Dict[Key, Change] = field(default_factory=dict)
