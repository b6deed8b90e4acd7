"""The rehearsal itself, in the child."""

from __future__ import annotations

import gc
import sys
from typing import Any, Callable, Dict, List, Optional, Set

from .. import hooks
from ..project import contents
from ..project.names import names_of
from ..project.project import Project
from ..reasons import Refused, refusal_of
from ..tiers import caches
from ..tiers.changes import Changes
from ..tiers.patching import suspendable, suspended_frame
from ..tiers.reloading import Swap
from ..tiers.undo import Undo
from ..wire import encoded
from . import holders, idle
from .watch import watch


def rehearse(project: Project, changes: Changes, affected: Set[str], fixed: Set[str], entries: Set[str],
             check: Optional[Callable[[], None]], let_go: Callable[[], None], left: List[Any]) -> bytes:
    """In the child. The answer: `more` modules to execute anew, none when all is well, and who `wrote` into which; or a refusal."""
    try:
        more = _try(project, changes, affected, fixed, entries, check, let_go, left)
        wrote = {name: sorted(project.records[name].wrote) for name in affected if name in project.records}
        answer: Dict[str, Any] = {"more": more, "wrote": wrote}
    except BaseException as error:
        answer = dict(refusal_of(error, changes.root).as_json())
    return encoded(answer)


def _try(project: Project, changes: Changes, affected: Set[str], fixed: Set[str], entries: Set[str],
         check: Optional[Callable[[], None]], let_go: Callable[[], None], left: List[Any]) -> List[str]:
    gc.disable()
    objects = caches.everything()
    found = caches.caches(objects)
    modules = project.modules()
    watched = watch({name: module for name, module in modules.items() if name in affected}, objects)
    others = {name: module for name, module in modules.items() if name not in affected and name not in fixed}
    before = {name: contents.contents(module) for name, module in others.items()}
    spaces = {id(names_of(module)): name for name, module in modules.items() if name in affected}
    unloading = {name for name, module in modules.items() if name in affected and callable(getattr(module, hooks.UNLOAD, None))}
    # Nothing here may keep the old version.
    del objects, modules
    undo = Undo()
    swap = Swap(project, changes, affected, fixed, entries)
    swap.run(undo, check)
    swap.old.clear()
    del undo
    caches.clear(found)
    caches.clear(caches.caches(gc.get_objects()))
    let_go()
    excused = idle.reached(left, watched)
    left.clear()
    written = contents.told(before, others)
    if written:
        return sorted(written)
    others.clear()
    gc.collect()
    if holders.alive_of(watched):
        # What an end of one object let go of.
        gc.collect()
    _nothing_suspended(project, {space: name for space, name in spaces.items() if name not in unloading})
    alive = {key: entry for key, entry in holders.alive_of(watched).items() if entry.module not in unloading}
    if not alive:
        return []
    hidden = {id(alive), id(watched), id(sys._getframe())}
    rest = {key: entry for key, entry in alive.items() if key not in excused}
    holder = holders.find(project, rest or alive, hidden)
    if not rest and holder.root is None:
        return []
    if holder.module is not None and holder.module not in affected:
        if holder.module in fixed:
            raise _held(project, holder)
        return [holder.module]
    if holder.module is not None and callable(getattr(sys.modules.get(holder.module), hooks.RELOAD, None)):
        # State taken over on purpose.
        return []
    raise _held(project, holder)


def _nothing_suspended(project: Project, spaces: Dict[int, str]) -> None:
    """Raises Refused for a generator or a coroutine that would go on in an old module."""
    for value in suspendable(gc.get_objects()):
        frame = suspended_frame(value)
        name = spaces.get(id(frame.f_globals)) if frame is not None else None
        if frame is not None and name is not None and frame.f_globals.get("__name__") == name:
            raise Refused(
                f"{frame.f_code.co_name} of {name}, a module that is loaded anew, is suspended in the middle", file=project.file_of(name),
                line=frame.f_lineno, holder=f"an open stream, a task or whoever has the {type(value).__name__}")


def _held(project: Project, holder: holders.Holder) -> Refused:
    return Refused(
        f"something keeps {holder.held.name} of the old {holder.held.module}", file=project.file_of(holder.held.module),
        line=holder.held.line, holder=holders.words(holder))
