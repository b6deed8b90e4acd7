"""Who holds something of the old version, in words; and whether that is a module that can be executed anew."""

from __future__ import annotations

import gc
import signal
import sys
from types import CodeType, FrameType, ModuleType
from typing import Any, Dict, List, Mapping, NamedTuple, Optional, Set, Tuple

from ..project.names import names_of
from ..project.project import Project
from .watch import Watched

_ATOMS = (str, bytes, int, float, bool, type(None), CodeType, FrameType)
LONGEST = 160


class Holder(NamedTuple):
    # The project's module from which the way leads; nil for a library, a thread, the interpreter.
    module: Optional[str]
    # The name that the way begins at; nil where none was found.
    root: Optional[str]
    # The way in words: module.name.attribute…
    way: str
    held: Watched
    # The identity of what is held.
    key: int = 0


def find(project: Project, alive: Mapping[int, Watched], hidden: Set[int]) -> Holder:
    """The shortest way from what lives on to one of `alive`; the project's modules are looked at first.

    `hidden` are ids of what is the search's own.
    """
    modules = [(name, module) for name, module in list(sys.modules.items()) if isinstance(module, ModuleType)]
    modules = [(name, module) for name, module in modules if not name.startswith("pinfold_agent.")]
    boundary = {id(module) for _, module in modules} | {id(names_of(module)) for _, module in modules} | hidden
    ours = {name for name, module in modules if project.owns(name, module)}
    pending: List[Tuple[Any, str, str]] = [(names_of(module), name, name) for name, module in modules]
    pending.sort(key=lambda entry: entry[1] not in ours)
    for number in signal.Signals:
        handler = signal.getsignal(number) if number not in (signal.SIGKILL, signal.SIGSTOP) else None
        if callable(handler):
            pending.append((handler, "", f"the handler of {number.name}"))
    roots, seen, index = len(pending), set(hidden), 0
    while index < len(pending):
        value, root, way = pending[index]
        index += 1
        if id(value) in seen or index > roots and id(value) in boundary and id(value) not in alive:
            continue
        seen.add(id(value))
        if id(value) in alive:
            return Holder(root if root in ours else None, root, way, alive[id(value)], id(value))
        for inner in gc.get_referents(value):
            if id(inner) not in seen and not isinstance(inner, _ATOMS):
                pending.append((inner, root, f"{way}{_label(value, inner)}" if len(way) < LONGEST else way))
    watched = next(iter(alive.values()))
    return Holder(None, None, _upwards(watched, hidden), watched)


def _label(value: Any, inner: Any) -> str:
    if type(value) is dict:
        if len(value) > 5000:
            return "[…]"
        for key, entry in value.items():
            if entry is inner:
                return f".{key}" if isinstance(key, str) and key.isidentifier() else f"[{str(key)[:30]}]"
        return ".keys()"
    if isinstance(inner, dict) and getattr(value, "__dict__", None) is inner:
        return ""
    return f"[{type(inner).__name__}]" if isinstance(value, (list, tuple, set, frozenset)) else f" → {type(inner).__name__}"


def _upwards(watched: Watched, hidden: Set[int]) -> str:
    """Where no module leads to it: what kinds of thing hold it, from the outside in."""
    value = watched.reference()
    chain: List[str] = []
    seen: Set[int] = set(hidden)
    while value is not None and len(chain) < 5:
        seen.add(id(value))
        referrers = [entry for entry in gc.get_referrers(value)
                     if id(entry) not in seen and not isinstance(entry, FrameType) and entry is not chain]
        # Its own class's and module's entries lead nowhere.
        value = next((entry for entry in referrers if type(entry).__name__ not in ("list_iterator", "weakref", "cell")), None)
        if value is not None:
            chain.insert(0, type(value).__name__)
    return " → ".join(chain) if chain else "a thread, an exit function or compiled code"


def words(holder: Holder) -> str:
    return f"{holder.way} is {holder.held.module}.{holder.held.name}" if holder.module else holder.way


def alive_of(watched: Dict[int, Watched]) -> Dict[int, Watched]:
    return {id(value): entry for entry in watched.values() for value in [entry.reference()] if value is not None}
