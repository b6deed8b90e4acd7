"""Tier 1: only the insides of functions changed. The live functions get new code, and keep what they are and who holds them."""

from __future__ import annotations

import gc
import os
import sys
import threading
import weakref
from types import AsyncGeneratorType, CodeType, CoroutineType, FrameType, FunctionType, GeneratorType
from typing import Any, Dict, Iterable, List, Optional, Tuple

from ..project import syntax
from ..project.names import names_of
from ..project.project import Project
from ..reasons import Refused
from . import caches
from .changes import Changes
from .codes import Pair, essence, pairs
from .undo import Undo

_SUSPENDED = (GeneratorType, CoroutineType, AsyncGeneratorType)


class Unfit(Exception):
    """The change is more than a patch can bring."""


class Patch:
    """Found while requests are served; `swap` looks at what came since, and is short."""

    def __init__(self, project: Project, changes: Changes):
        """Raises Unfit where this tier cannot bring the change."""
        self._project = project
        self.modules = set(changes.sources)
        self._pairs: Dict[str, Dict[CodeType, Pair]] = {}
        self._names: Dict[int, str] = {}
        for name, source in changes.sources.items():
            record = project.records[name]
            if syntax.outline(record.source) != syntax.outline(source):
                raise Unfit(f"{name}: more than the insides of functions changed")
            file = os.path.join(changes.root, record.path)
            new = project.code(record.path, source, file)
            old = compile(record.source, os.path.join(record.root, record.path), "exec", dont_inherit=True)
            self._pairs[name] = pairs(record.source, source, old, new)
            self._names[id(names_of(sys.modules[name]))] = name
        self._not_baked()
        everything = caches.everything()
        self._functions = self._matched(everything)
        changed = [function for function, pair in self._functions if pair.differs]
        self._caches = caches.caches(everything)
        self._properties = caches.cached_properties(changed, everything)
        self._old = {essence(pair.old) for found in self._pairs.values() for pair in found.values() if pair.differs}
        self._old_names = {pair.old.co_name for found in self._pairs.values() for pair in found.values() if pair.differs}
        self._files = tuple("/" + project.records[name].path for name in self.modules)
        self._suspended = [weakref.ref(value) for value in everything if type(value) in _SUSPENDED and self._is_old(_code(value))]

    def _not_baked(self) -> None:
        """A function that ran while a module was executed has its result in the module."""
        ran = {id(code): code for record in self._project.records.values() for code in record.ran.values()}
        codes = set(ran.values())
        for name, found in self._pairs.items():
            seen = self._project.records[name].seen
            for pair in found.values():
                if pair.differs and pair.old.co_flags & 0x2 and (not seen or pair.old in codes):
                    raise Unfit(f"{name}: {pair.old.co_name} ran while the module was executed")

    def _matched(self, objects: Iterable[Any]) -> List[Tuple[FunctionType, Pair]]:
        matched: List[Tuple[FunctionType, Pair]] = []
        for value in objects:
            if type(value) is not FunctionType:
                continue
            name = self._names.get(id(value.__globals__))
            if name is None:
                continue
            pair = self._pairs[name].get(value.__code__)
            if pair is None:
                if value.__code__.co_filename.endswith("/" + self._project.records[name].path):
                    raise Unfit(f"{name}: the text of a live {value.__qualname__} is not known")
                # Made by a decorator from a text of its own, as a dataclass's methods are: the outline is the same, so it is too.
                continue
            if pair.new is None:
                raise Unfit(f"{name}: a live {value.__qualname__} cannot be matched with the new text")
            matched.append((value, pair))
        return matched

    def swap(self, undo: Undo, since: Iterable[Any]) -> None:
        """Gives the functions their new code. `since` are the objects made after the patch was found.

        Nothing else runs meanwhile: the interpreter is asked not to switch threads.
        """
        since = list(since)
        try:
            functions = self._functions + self._matched(since)
        except Unfit as error:
            raise Refused(f"functions were made meanwhile that a patch does not fit: {error}") from error
        interval = sys.getswitchinterval()
        sys.setswitchinterval(10)
        undo.then(lambda: sys.setswitchinterval(interval))
        self._not_running(since)
        before = [(function, function.__code__) for function, _ in functions]
        undo.then(self._forget)
        undo.then(lambda: [setattr(function, "__code__", code) for function, code in before])  # type: ignore[func-returns-value]
        for function, pair in functions:
            if pair.new is not None:
                function.__code__ = pair.new
        for kept, name in self._properties:
            if name in kept:
                undo.entry(kept, name)
                del kept[name]
        self._caches += caches.caches(since)
        self._forget()
        sys.setswitchinterval(interval)

    def _forget(self) -> None:
        caches.clear(self._caches)

    def keep(self) -> None:
        """The records follow: what ran while a module was executed is known by its present code."""
        for name, found in self._pairs.items():
            for record in self._project.records.values():
                for code in list(record.ran.values()):
                    pair = found.get(code)
                    if pair is not None and pair.new is not None:
                        record.ran[id(pair.new)] = pair.new

    def _is_old(self, code: CodeType) -> bool:
        return code.co_name in self._old_names and code.co_filename.endswith(self._files) and essence(code) in self._old

    def _not_running(self, since: Iterable[Any]) -> None:
        """Whoever is in the middle of old code would go on with it."""
        names = {thread.ident: thread.name for thread in threading.enumerate()}
        for ident, frame in sys._current_frames().items():
            step: Optional[FrameType] = frame
            while step is not None and ident != threading.get_ident():
                if self._is_old(step.f_code):
                    raise self._held(step.f_code, step.f_lineno, "is running", f"thread {names.get(ident, ident)}")
                step = step.f_back
        suspended: List[Any] = [reference() for reference in self._suspended]
        suspended += [value for value in since if type(value) in _SUSPENDED and self._is_old(_code(value))]
        for value in suspended:
            place = _frame(value) if value is not None else None
            if place is not None:
                raise self._held(place.f_code, place.f_lineno, "is suspended in the middle", f"a suspended {type(value).__name__}")

    def _held(self, code: CodeType, line: int, what: str, holder: str) -> Refused:
        place = self._project.place_of(code.co_filename)
        return Refused(f"{code.co_name}, which changes, {what}", file=place[1] if place else None, line=line, holder=holder)


def _code(value: Any) -> CodeType:
    code: CodeType = getattr(value, "gi_code", None) or getattr(value, "cr_code", None) or getattr(value, "ag_code")
    return code


def suspendable(objects: List[Any]) -> List[Any]:
    """The generators and coroutines among them."""
    return [value for value in objects if type(value) in _SUSPENDED]


def suspended_frame(value: Any) -> Optional[FrameType]:
    """Where a generator or a coroutine waits; nil for one that is over, and for whatever else it is."""
    return _frame(value) if type(value) in _SUSPENDED else None


def _frame(value: Any) -> Optional[FrameType]:
    frame: Optional[FrameType] = (
        getattr(value, "gi_frame", None) or getattr(value, "cr_frame", None) or getattr(value, "ag_frame", None)
    )
    return frame


class Scan:
    """Between prepare and swap: lets the swap see only what was made since, however many objects there are."""

    def __init__(self) -> None:
        self._was = gc.isenabled()
        gc.freeze()

    def since(self) -> List[Any]:
        """Until `end`, the collector stays off."""
        gc.disable()
        return gc.get_objects()

    def end(self) -> None:
        gc.unfreeze()
        if self._was:
            gc.enable()

