"""Tier 1: only the insides of functions changed. The live functions get new code, and keep what they are and who holds them."""

from __future__ import annotations

import gc
import operator
import os
import sys
import threading
import weakref
from types import CodeType, FrameType, FunctionType
from typing import Any, Collection, Dict, Iterable, List, Optional, Set, Tuple

from ..project import graph, syntax
from ..project.project import Project
from ..project.records import Record
from ..reasons import Refused
from . import caches
from .caches import SUSPENDED
from .changes import Changes
from .codes import Pair, essence, pairs
from .fixed import used_of
from .undo import Undo


class Unfit(Exception):
    """The change is more than a patch can bring."""


# By these a function's code or text is read.
_READERS = (b"__code__", b"getsource", b"findsource", b"get_instructions", b"Bytecode")
_READING = {"__code__", "getsource", "getsourcelines", "findsource", "get_instructions", "Bytecode"}


def _reads_code(record: Record) -> bool:
    """Whether one of those was read while a module was executed: a decorator does, and keeps what it makes of it."""
    ran = list(record.ran.values())
    pending: List[CodeType] = [compile(record.source, record.path, "exec", dont_inherit=True)]
    while pending:
        code = pending.pop()
        ran.append(code)
        inner = [value for value in code.co_consts if isinstance(value, CodeType)]
        # Functions of one that nobody saw may all have run; else those outside did, and class bodies.
        pending += [value for value in inner if not record.seen or not value.co_flags & 0x2]
    return any(not _READING.isdisjoint(code.co_names) for code in ran)


class Patch:
    """Found while requests are served; `swap` looks at what came since, and is short."""

    def __init__(self, project: Project, changes: Changes, scan: "Scan", fixed: Set[str]):
        """`scan` has the objects that are there, `fixed` are modules that cannot be executed again.

        Raises Unfit where this tier cannot bring the change.
        """
        self._project = project
        self.modules = set(changes.sources)
        self._pairs: Dict[str, Dict[CodeType, Pair]] = {}
        self._lasting: Dict[str, Dict[CodeType, str]] = {}
        self._classes: Dict[str, Set[str]] = {}
        self._names: Dict[int, str] = {}
        for name, source in changes.sources.items():
            record = project.records[name]
            if syntax.outline(record.source) != syntax.outline(source):
                raise Unfit(f"{name}: more than the insides of functions changed")
            file = os.path.join(changes.root, record.path)
            new = project.code(record.path, source, file)
            old = compile(record.source, os.path.join(record.root, record.path), "exec", dont_inherit=True)
            known = pairs(record.source, source, old, new)
            self._pairs[name] = known.codes
            self._lasting[name] = known.lasting
            self._classes[name] = known.classes
            self._names[id(project.space_of(name))] = name
        self._not_baked()
        used = used_of(project, fixed, {name: set(lasting.values()) for name, lasting in self._lasting.items()})
        if used:
            raise Unfit(used)
        self._functions = self._matched(scan.few)
        self._nothing_else_made()
        self._caches = scan.caches(project.records.keys())
        self._old = {essence(pair.old) for found in self._pairs.values() for pair in found.values() if pair.differs}
        self._old_names = {pair.old.co_name for found in self._pairs.values() for pair in found.values() if pair.differs}
        self._files = tuple("/" + project.records[name].path for name in self.modules)
        self._suspended = [weakref.ref(value) for value in scan.few if type(value) in SUSPENDED and self._is_old(_code(value))]

    def still_fits(self) -> None:
        """Raises Refused where it does not after a module was executed meanwhile."""
        try:
            self._not_baked()
            self._nothing_else_made()
        except Unfit as error:
            raise Refused(f"a module was imported meanwhile: {error}") from error

    def _not_baked(self) -> None:
        """A function that ran while a module was executed, or the application began, has its result in that."""
        codes = {code for ran in self._project.ran() for code in ran.values()}
        if any(running.blind for running in self._project.started):
            raise Unfit("what ran at the application's start is not known")
        blind = {
            name for record in self._project.records.values() if record.blind
            for name in (record.name, *graph.reached(self._project, record.name))
        }
        for name, found in self._pairs.items():
            seen = self._project.records[name].seen
            for pair in found.values():
                if pair.differs and pair.old.co_name == "__hash__":
                    raise Unfit(f"{name}: what is kept by a hash is found by the same one alone")
                if pair.differs and pair.old.co_flags & 0x2 and (not seen or name in blind or pair.old in codes):
                    raise Unfit(f"{name}: {pair.old.co_name} ran while a module was executed, or the application began")

    def _nothing_else_made(self) -> None:
        """What a decorator made of a function's text or code, by whatever way, is as it was when it was made."""
        live = {pair.old for _, pair in self._functions}
        for name, lasting in self._lasting.items():
            for code in lasting.keys() - live:
                raise Unfit(f"{name}: {code.co_name} is no function any more, and what was made of it is not known")
        records = list(self._project.records.values())
        if any(reader in record.source for record in records for reader in _READERS):
            for record in records:
                if _reads_code(record):
                    raise Unfit(f"{record.name} may have kept what it read of a function's code or text when it was executed")

    def _matched(self, objects: List[Any]) -> List[Tuple[FunctionType, Pair]]:
        self._no_local_classes(objects)
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

    def _no_local_classes(self, objects: List[Any]) -> None:
        """A class that a function made, and would make otherwise now, stays as it was made."""
        if not any(self._classes.values()):
            return
        kinds = {kind for kind in set(map(type, objects)) if issubclass(kind, type)}
        for value in [value for value in objects if type(value) in kinds]:
            names = type.__getattribute__(value, "__dict__")
            if value.__qualname__ in self._classes.get(names.get("__module__"), ()):
                raise Unfit(f"{value.__module__}: a live {value.__qualname__} is of another outline")

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
        undo.then(self._caches.clear_functions)
        undo.then(self._made_since)
        undo.then(lambda: [setattr(function, "__code__", code) for function, code in before])  # type: ignore[func-returns-value]
        for function, pair in functions:
            if pair.new is not None:
                function.__code__ = pair.new
        self._caches.clear(since, undo)
        # On the way back, before what was there is put back: what the new code computed meanwhile.
        undo.then(lambda: self._caches.clear([]))
        sys.setswitchinterval(interval)

    def _made_since(self) -> None:
        """On the way back: functions that new code made get the old code too. The scan goes on, so they are among few."""
        former = {id(pair.new): pair.old for found in self._pairs.values() for pair in found.values() if pair.new is not None}
        for value in gc.get_objects():
            if type(value) is FunctionType and id(value.__code__) in former:
                value.__code__ = former[id(value.__code__)]

    def keep(self) -> None:
        """The records follow: what ran while a module was executed is known by its present code."""
        for name, found in self._pairs.items():
            if name in self._project.records:
                self._project.records[name].patched = self._project.root
            for ran in self._project.ran():
                for code in list(ran.values()):
                    pair = found.get(code)
                    if pair is not None and pair.new is not None:
                        ran[id(pair.new)] = pair.new

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
        suspended += [value for value in since if type(value) in SUSPENDED and self._is_old(_code(value))]
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
    return [value for value in objects if type(value) in SUSPENDED]


def suspended_frame(value: Any) -> Optional[FrameType]:
    """Where a generator or a coroutine waits; nil for one that is over, and for whatever else it is."""
    return _frame(value) if type(value) in SUSPENDED else None


def _frame(value: Any) -> Optional[FrameType]:
    frame: Optional[FrameType] = (
        getattr(value, "gi_frame", None) or getattr(value, "cr_frame", None) or getattr(value, "ag_frame", None)
    )
    return frame


class Scan:
    """All objects at one moment, and later what was made since: however many there are, the collector does not see the old ones."""

    def __init__(self) -> None:
        self._was = gc.isenabled()
        # Somebody may have frozen what was there at the start: that counts too.
        if gc.get_freeze_count():
            gc.unfreeze()
        # Both in one step of the interpreter's: what another thread made between the two would be in neither.
        self.everything: List[Any]
        self.everything, _ = map(operator.methodcaller("__call__"), (gc.get_objects, gc.freeze))
        self._few: Optional[List[Any]] = None
        self._caches: Optional[caches.Caches] = None

    @property
    def few(self) -> List[Any]:
        """`few_of` them, looked for once."""
        if self._few is None:
            self._few = caches.few_of(self.everything)
        return self._few

    def caches(self, project: Collection[str]) -> caches.Caches:
        """Those among them, likewise. `project` are the names of the project's modules."""
        if self._caches is None:
            self._caches = caches.Caches(self.everything, self.few, project)
        return self._caches

    def seen(self) -> None:
        """They have been looked at, and are not held any longer."""
        self.everything, self._few = [], None

    def since(self) -> List[Any]:
        """Until `end`, the collector stays off."""
        gc.disable()
        return gc.get_objects()

    def end(self) -> None:
        gc.unfreeze()
        if self._was:
            gc.enable()
