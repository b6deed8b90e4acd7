"""Threads of libraries that wait for their next piece of work, with the last one still in a name of their frame.

They will not run it again: what they hold of an old version goes when the next piece comes. After a fork such a frame is left over for
good, so it has to be told apart from a thread that is about to use what it has, as a timer's is.
"""

from __future__ import annotations

import gc
import sys
import threading
from collections import deque
from types import CodeType, FrameType, ModuleType
from typing import Any, Dict, List, Optional, Set

from ..project.names import names_of

# By module and function: where pools of threads wait.
WORKERS = {("anyio._backends._asyncio", "run"), ("concurrent.futures.thread", "_worker"), ("gunicorn.workers.gthread", "run")}
_ATOMS = (str, bytes, int, float, bool, type(None), CodeType, FrameType)


def leftovers() -> List[Any]:
    """What such threads have in their names at this moment, apart from themselves."""
    found: List[Any] = []
    for ident, frame in sys._current_frames().items():
        if ident == threading.get_ident() or frame.f_code.co_name not in ("get", "wait", "_worker", "run"):
            continue
        step: Optional[FrameType] = frame
        while step is not None:
            if (step.f_globals.get("__name__"), step.f_code.co_name) in WORKERS:
                found += [value for name, value in step.f_locals.items() if name not in ("self", "executor_reference", "work_queue")]
                break
            step = step.f_back
    return found


def reached(begun: List[Any], wanted: Dict[int, Any]) -> Set[int]:
    """Those of `wanted` that something leads to, without a way through a module that is loaded."""
    found: Set[int] = set()
    seen: Set[int] = {id(names_of(module)) for module in list(sys.modules.values())}
    pending = deque(begun)
    while pending and len(seen) < 200_000:
        value = pending.popleft()
        if id(value) in seen or isinstance(value, (ModuleType, *_ATOMS)):
            continue
        seen.add(id(value))
        if id(value) in wanted:
            found.add(id(value))
        pending.extend(gc.get_referents(value))
    return found
