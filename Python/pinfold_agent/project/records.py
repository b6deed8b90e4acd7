"""What is known of each module of the project since it was executed."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import CodeType
from typing import Any, Dict, Optional, Set

from .names import package_of
from .running import Running
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
    # The release that its functions' code is of, where it was patched since.
    patched: str = ""
    # False where it was executed before anybody looked: then any of its functions may have run meanwhile.
    seen: bool = True
    # The project's functions that ran while it was executed, by identity: what they computed is part of it.
    ran: Dict[int, CodeType] = field(default_factory=dict)
    # What noted them, where anything did.
    running: Optional[Running] = None
    # Modules of the project that were executed because it asked for them.
    led_to: Set[str] = field(default_factory=set)
    # Modules of the project that it wrote into.
    wrote: Set[str] = field(default_factory=set)
    # Whether another module of the project was being executed when it was.
    asked_by_module: bool = False
    # The names that its text was executed in, where it put something else in its place: they are its functions' still.
    names: Optional[Dict[str, Any]] = None
    # Settings of the process that it changed.
    changed: Dict[Key, Change] = field(default_factory=dict)
    # What relative names in it are relative to, where its own name does not say: the program's is `__main__`.
    parent: Optional[str] = None

    @property
    def package(self) -> str:
        return package_of(self.name, self.path) if self.parent is None else self.parent

    @property
    def blind(self) -> bool:
        """Whether others worked for it meanwhile whom nobody watched: then functions of all that it imports may have run."""
        return self.running is not None and self.running.blind
