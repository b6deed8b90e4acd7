"""Which of the project's functions run while something is made of them, a module, the application's start: their results are part of it."""

from __future__ import annotations

import contextlib
import gc
import os
import sys
import threading
from types import CodeType, FrameType, MethodType
from typing import Any, Dict, FrozenSet, List, Optional, Set, Tuple

from .world import file_mask

# Functions by which a thread waits for the work of another, by their name and their module's.
_WAITS: Dict[str, FrozenSet[str]] = {
    "wait": frozenset({"threading", "concurrent.futures._base", "multiprocessing.pool"}),
    "wait_for": frozenset({"threading"}),
    "join": frozenset({"threading", "queue", "multiprocessing.pool"}),
    "get": frozenset({"queue", "multiprocessing.pool", "multiprocessing.queues"}),
    "result": frozenset({"concurrent.futures._base"}),
    "exception": frozenset({"concurrent.futures._base"}),
    "as_completed": frozenset({"concurrent.futures._base"}),
    "wrap_future": frozenset({"asyncio.futures"}),
    "run_sync_in_worker_thread": frozenset({"anyio._backends._asyncio"}),
}


# A profiler that looks at nothing. Since Python 3.12 one without Python code is cheaper than none for a moment, after which all code that
# runs is made ready to be looked at again.
_NOBODY: Any = slice if sys.version_info >= (3, 12) else None


class Running:
    """From `begin` to `end`, on the thread of `begin`: the code of functions that run goes into `ran`.

    Those that run on other threads too, where this one waits for any. Threads that begin meanwhile are watched; where there are others,
    or another process is begun, it is `blind`: any function may have run.
    """

    _lock = threading.Lock()
    _under_way: List["Running"] = []
    # Whether threads that begin are watched by us, and nobody else's profiler.
    _ours = False

    def __init__(self, roots: Tuple[str, ...], ran: Dict[int, CodeType], until: Optional[CodeType] = None):
        """It ends by itself where `until`, a module's code, does."""
        self.roots = roots
        self.ran = ran
        self.blind = False
        # What new files were not allowed, before that was first set.
        self.mask: Optional[int] = None
        self._elsewhere: Dict[int, CodeType] = {}
        self._watched: Set[int] = set()
        self._waited = False
        self._over = False
        self._until = until
        # Whether nobody looks on its thread: the agent's own work is done there.
        self.paused = False

    def begin(self) -> None:
        self._thread = threading.get_ident()
        self._hook = self._see
        self._former = sys.getprofile()
        # A profiler of C's cannot be put back: it is left alone, and what ran is not known.
        self._sees = self._former is None or callable(self._former)
        self.blind = not self._sees
        with Running._lock:
            if not Running._under_way:
                Running._ours = getattr(threading, "_profile_hook", None) is None
                if Running._ours:
                    threading.setprofile(_see_elsewhere)
                gc.callbacks.append(_collecting)
            Running._under_way.append(self)
            self._watches = Running._ours
        if self._sees:
            sys.setprofile(self._hook)

    def end(self) -> None:
        if self._over:
            return
        self._over = True
        hook: Any = sys.getprofile()
        # An interrupt may have left the one that looks at nothing.
        if self._sees and (hook == self._hook or hook is not None and hook is _NOBODY):
            sys.setprofile(self._former)
        with Running._lock:
            if self in Running._under_way:
                Running._under_way.remove(self)
            if not Running._under_way:
                _leave_collector()
                if Running._ours:
                    threading.setprofile(None)
                    Running._ours = False
        if self._waited:
            self.ran.update(self._elsewhere)
            known = self._watched | {self._thread}
            self.blind = self.blind or not self._watches or any(
                thread.ident not in known and not thread.name.startswith("pinfold") for thread in threading.enumerate())

    def _see(self, frame: FrameType, event: str, argument: Any) -> None:
        # Of all that happens while something is made: whatever takes long here makes that longer.
        if self._over:
            # It ended while something inside it had put its own in its place.
            sys.setprofile(self._former)
        elif event == "call":
            code = frame.f_code
            if code.co_filename.startswith(self.roots):
                if code.co_name != "<module>":
                    self.ran[id(code)] = code
            elif code.co_name in _WAITS:
                self._waited = self._waited or _waits(frame)
            elif code.co_name == "start" and frame.f_globals.get("__name__") == "multiprocessing.process":
                self.blind = True
        elif event == "return":
            if frame.f_code is self._until:
                self.end()
        elif event == "c_call":
            name = getattr(argument, "__name__", "")
            if name == "get" and type(argument.__self__).__name__ == "SimpleQueue":
                self._waited = True
            elif argument is os.umask and self.mask is None:
                self.mask = file_mask()

    def _note_elsewhere(self, code: CodeType) -> None:
        self._watched.add(threading.get_ident())
        if code.co_name != "<module>" and code.co_filename.startswith(self.roots):
            self._elsewhere[id(code)] = code


class Unseen:
    """A context of the agent's own work amid what is noted on this thread: nobody looks.

    Nothing of the project's may run in it but what the collector ends, whenever it comes: that is noted. Another one's profiler is left
    alone.
    """

    def __enter__(self) -> None:
        hook: Any = sys.getprofile()
        running: Any = hook.__self__ if type(hook) is MethodType else None
        self._running: Optional[Running] = running if type(running) is Running else None
        if self._running is not None:
            self._running.paused = True
            sys.setprofile(_NOBODY)

    def __exit__(self, *error: Any) -> None:
        if self._running is not None:
            self._running.paused = False
            if sys.getprofile() is _NOBODY:
                sys.setprofile(self._running._hook)


def _collecting(phase: str, information: Dict[str, int]) -> None:
    """Around each work of the collector's, on the thread that it comes to."""
    ident = threading.get_ident()
    running = next((running for running in reversed(list(Running._under_way)) if running._thread == ident), None)
    if running is None or not running.paused:
        return
    if phase == "start" and sys.getprofile() is _NOBODY:
        sys.setprofile(running._hook)
    elif phase == "stop" and sys.getprofile() == running._hook:
        sys.setprofile(_NOBODY)


def _leave_collector() -> None:
    with contextlib.suppress(ValueError):
        gc.callbacks.remove(_collecting)


def _waits(frame: FrameType) -> bool:
    """A thread's start waits too, until it has begun."""
    module = frame.f_globals.get("__name__")
    if module not in _WAITS[frame.f_code.co_name]:
        return False
    caller = frame.f_back
    inner = caller is not None and caller.f_globals.get("__name__") == "threading" and caller.f_code.co_name in ("start", "wait")
    return not (module == "threading" and inner)


def _see_elsewhere(frame: FrameType, event: str, argument: Any) -> None:
    under_way = list(Running._under_way)
    if not under_way:
        # A thread that lives on is not slowed down any longer.
        sys.setprofile(None)
    elif event == "call":
        for running in under_way:
            running._note_elsewhere(frame.f_code)


def _before_fork() -> None:
    for running in list(Running._under_way):
        if running._thread == threading.get_ident():
            running.blind = True


def _after_fork() -> None:
    Running._lock = threading.Lock()
    if Running._under_way:
        Running._under_way.clear()
        _leave_collector()
        sys.setprofile(None)
        if Running._ours:
            threading.setprofile(None)


os.register_at_fork(before=_before_fork, after_in_child=_after_fork)
