"""The rehearsal itself, in the child."""

from __future__ import annotations

import contextvars
import gc
import re
import signal
import sys
import threading
import time
from typing import Any, Callable, Dict, List, Optional, Set, Tuple

from .. import hooks
from ..project import contents
from ..project.names import names_of
from ..project.project import Project
from ..project.records import Record
from ..reasons import Refused, refusal_of
from ..tiers import caches
from ..tiers.changes import Changes
from ..tiers.reloading import Swap, spaces_of, suspended_in
from ..tiers.undo import Undo
from ..wire import encoded
from . import confinement, holders, idle
from .watch import Watched, seen_weakly, watch

# The daemon waits ten seconds for a swap, and requests wait as long: what is near that is not tried.
LONGEST_SWAP = 5.0
# Of more objects none is collected while requests wait: of so many it takes some twenty milliseconds.
MOST_TO_COLLECT = 150_000


def rehearse(project: Project, changes: Changes, affected: Set[str], fixed: Set[str], entries: Set[str],
             check: Optional[Callable[[], None]], let_go: Callable[[], None], left: List[Any], on_main: bool,
             found: caches.Caches) -> bytes:
    """In the child. The answer, or a refusal: `more` modules to execute anew, none when all is well; who `wrote` into which; and whether
    the old version is seen `weakly`, until it is collected.
    """
    try:
        more, weakly = _try(project, changes, affected, fixed, entries, check, let_go, left, on_main, found)
        wrote = {name: sorted(project.records[name].wrote) for name in affected if name in project.records}
        answer: Dict[str, Any] = {"more": more, "wrote": wrote, "weakly": weakly}
    except BaseException as error:
        # With what went wrong goes all that it held.
        confinement.act_no_more()
        answer = dict(refusal_of(error, changes.root).as_json())
    return encoded(answer)


def _try(project: Project, changes: Changes, affected: Set[str], fixed: Set[str], entries: Set[str],
         check: Optional[Callable[[], None]], let_go: Callable[[], None], left: List[Any], on_main: bool,
         found: caches.Caches) -> Tuple[List[str], bool]:
    gc.disable()
    objects = caches.everything()
    many = len(objects) > MOST_TO_COLLECT
    objects = caches.few_of(objects)
    modules = project.modules()
    old = {name: module for name, module in modules.items() if name in affected}
    listing = any(b"__subclasses__" in record.source for record in project.records.values())
    weakly = seen_weakly(old, objects, project.space_of, listing)
    watched = watch(old, objects, project.space_of)
    others = {name: module for name, module in modules.items() if name not in affected and name not in fixed}
    before = {name: contents.contents(module, project.records) for name, module in others.items()}
    spaces = spaces_of(project, affected)
    unloading = {name: hooks.named_at_unload(module) for name, module in modules.items() if name in affected}
    # Nothing here may keep the old version.
    del objects, modules, old
    former = dict(project.records)
    undo = Undo()
    swap = Swap(project, changes, affected, fixed, entries)
    context = _context()
    # What is there by now is out of the collector's sight until the swap is over: what is seen then, the swap has made.
    gc.freeze()
    began = time.monotonic()
    swap.run(undo, check)
    took = time.monotonic() - began
    _nothing_of_here(context, on_main)
    gc.unfreeze()
    if took > LONGEST_SWAP:
        raise Refused(f"the new version takes {took:.1f} s to load, and requests would wait longer than {LONGEST_SWAP:.3g} s")
    if not on_main:
        _no_signals([record for records in (former, project.records) for name, record in records.items() if name in affected])
    readers = swap.readers(former)
    if readers:
        confinement.act_no_more()
        return sorted(readers), False
    confinement.act_no_more()
    swap.old.clear()
    del undo, former
    found.clear(gc.get_objects())
    let_go()
    excused = idle.reached(left, watched)
    left.clear()
    written = contents.told(before, others, project.records)
    if written:
        return sorted(written), False
    others.clear()
    gc.collect()
    if holders.alive_of(watched):
        # What an end of one object let go of.
        gc.collect()
    suspended = suspended_in(project, spaces, gc.get_objects())
    if suspended is not None:
        raise suspended
    alive = holders.alive_of(watched)
    more = _who_holds(project, alive, {id(alive), id(watched), id(sys._getframe())}, affected, fixed, excused, unloading)
    if not more and weakly:
        _goes_at_once(project, weakly, many, bool(excused) or any(named is not None for named in unloading.values()))
    return more, bool(weakly)


def _goes_at_once(project: Project, weakly: str, many: bool, held: bool) -> None:
    """Raises Refused where what is seen weakly cannot be collected while requests wait: whoever sees it would use both versions."""
    words = "where many objects are, that takes longer than requests may wait" if many else ""
    if held or project.started:
        words = "something of its version stays until requests are served again, as an application's end does"
    if words:
        raise Refused(
            f"{weakly} of the old version is found through a weak reference or as a subclass until it is collected, and {words}",
            holder="a weak reference, as a signal's to its receiver")


def _who_holds(project: Project, alive: Dict[int, Watched], hidden: Set[int], affected: Set[str], fixed: Set[str],
               excused: Set[int], unloading: Dict[str, Optional[Set[str]]]) -> List[str]:
    """The modules of the project that hold something of the old version, or Refused where somebody else does.

    One way after the other: what is held on purpose is left out of sight, and the next way to it is looked for.
    """
    kept: Set[int] = set()
    while alive:
        holder = holders.find(project, alive, hidden)
        if holder.root is None:
            # No module leads to it: a thread does, whose frames stay in a fork, or what is out of sight.
            over = [key for key, entry in alive.items() if key in excused or key in kept or unloading.get(entry.module) is not None]
            if not over:
                raise _held(project, holder)
            for key in over:
                del alive[key]
            continue
        if holder.module is not None and callable(getattr(sys.modules.get(holder.module), hooks.RELOAD, None)):
            # State taken over on purpose.
            names = names_of(sys.modules[holder.module])
            hidden.add(id(names))
            kept |= idle.reached(list(names.values()), alive)
        elif holder.key in kept and holder.module is not None:
            # Shared with who took it over.
            hidden.add(holder.key)
            del alive[holder.key]
        elif holder.module is not None and holder.module not in affected and holder.module not in fixed:
            return [holder.module]
        elif _ends(unloading.get(holder.held.module), holder.way):
            hidden.add(holder.key)
            del alive[holder.key]
        else:
            raise _held(project, holder)
    return []


def _ends(named: Optional[Set[str]], way: str) -> bool:
    """Whether the old module says at its end what leads to it: then it takes itself away there."""
    return named is not None and not named.isdisjoint(re.findall(r"\w+", way))


def _context() -> Tuple[Dict[Any, Any], Tuple[Any, ...]]:
    """The context's variables, and how numbers of `decimal` are computed in it."""
    values = {variable: value for variable, value in contextvars.copy_context().items() if variable.name != "decimal_context"}
    decimal = sys.modules.get("decimal")
    if decimal is None:
        return values, ()
    now = decimal.getcontext()
    return values, (now.prec, now.rounding, now.Emin, now.Emax, now.capitals, now.clamp, dict(now.traps))


def _nothing_of_here(before: Tuple[Dict[Any, Any], Tuple[Any, ...]], on_main: bool) -> None:
    """Raises Refused where what the swap made would be missing where requests are served: in another context, and most often on another thread."""
    values, numbers = _context()
    if values.keys() != before[0].keys() or any(value is not before[0][variable] for variable, value in values.items()) or (
            before[1] and numbers != before[1]):
        raise Refused("a module sets a context's variable when it is executed, and requests are served in another context", holder="a context")
    if on_main:
        return
    sqlite = sys.modules.get("sqlite3")
    for value in gc.get_objects():
        if (isinstance(value, threading.local) and vars(value)) or (sqlite is not None and isinstance(value, sqlite.Connection)):
            raise Refused(
                f"a module makes what only the thread may use that executes it, a {type(value).__name__}, and a swap is on another",
                holder="a thread")


def _no_signals(records: List[Record]) -> None:
    """Raises Refused where one of the modules sets a signal's handler: the interpreter lets the main thread alone do that."""
    for record in records:
        for key in record.changed:
            if key[0] == "signal":
                number = signal.Signals(int(key[1]))
                raise Refused(
                    f"{record.name} sets the handler of {number.name}, which only the main thread may, and a swap is on another",
                    file=record.path, holder="the process")


def _held(project: Project, holder: holders.Holder) -> Refused:
    return Refused(
        f"something keeps {holder.held.name} of the old {holder.held.module}", file=project.file_of(holder.held.module),
        line=holder.held.line, holder=holders.words(holder))
