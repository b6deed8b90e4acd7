"""How the project's modules are executed: from bytes, with a note of what ran and what changed meanwhile."""

from __future__ import annotations

import importlib.machinery
import os
import sys
import threading
from types import CodeType, ModuleType
from typing import TYPE_CHECKING, Any, Callable, List, Optional

from . import syntax, world
from .records import Record
from .running import Running, Unseen

if TYPE_CHECKING:
    from .project import Project


class Loader(importlib.machinery.SourceFileLoader):
    def __init__(self, project: "Project", name: str, path: str):
        super().__init__(name, path)
        self._project = project

    def get_code(self, fullname: str) -> Optional[CodeType]:
        place = self._project.place_of(self.path)
        if place is None:
            return super().get_code(fullname)
        return self._project.code(place[1], self._source(place[0], place[1]), self.path)

    def _source(self, root: str, path: str) -> bytes:
        if root == self._project.root:
            return self._project.source(path)
        with open(self.path, "rb") as file:
            return file.read()

    def exec_module(self, module: ModuleType) -> None:
        execution: Optional[Execution] = None
        with Unseen():
            place = self._project.place_of(self.path)
            if place is not None and module.__spec__ is not None:
                source = self._source(*place)
                record = Record(module.__spec__.name, place[0], place[1], source, self._project.next_order())
                execution = Execution(self._project, record)
        if execution is None:
            return super().exec_module(module)
        # What the compiler warns of, the project may take.
        code = self._project.code(record.path, record.source, self.path)
        names = vars(module)
        with execution:
            exec(code, names)
        if sys.modules.get(record.name) is not module:
            record.names = names


class Finder(importlib.machinery.FileFinder):
    """The interpreter's own, which asks the file system alone: nothing that is to be noted."""

    def find_spec(self, fullname: str, target: Optional[ModuleType] = None) -> "Optional[importlib.machinery.ModuleSpec]":
        with Unseen():
            return super().find_spec(fullname, target)


class Execution:
    """Notes in a record what happens while its module is executed on this thread."""

    _local = threading.local()

    def __init__(self, project: "Project", record: Record):
        self._project = project
        self._record = record
        self._running = record.running = Running((), record.ran)
        self.moved()

    def moved(self) -> None:
        """The project's directories are others."""
        self._running.roots = tuple(root + "/" for root in self._project.roots)

    @staticmethod
    def under_way() -> "List[Execution]":
        """Those on this thread."""
        return list(getattr(Execution._local, "stack", []))

    @property
    def record(self) -> Record:
        return self._record

    def __enter__(self) -> None:
        with Unseen():
            self._begin()
        self._running.begin()

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        self._running.end()
        with Unseen():
            self._end(error)

    def _begin(self) -> None:
        stack = self._stack()
        now = world.look()
        if self._project.watching and not stack:
            # Requests may have changed anything since the last module was executed.
            self._project.look_at(list(self._project.records))
        if stack:
            outer = stack[-1]
            outer._settle(now)
            outer._record.led_to.add(self._record.name)
            self._record.asked_by_module = True
        stack.append(self)
        self._world = now

    def _end(self, error: Any) -> None:
        stack = self._stack()
        stack.pop()
        now = world.look()
        self._settle(now)
        mask = world.file_mask() if self._running.mask is not None else None
        if mask != self._running.mask:
            self._record.changed[world.MASK] = world.Change(self._running.mask, mask)
        if stack:
            stack[-1]._world = now
        if error is None:
            self._project.records[self._record.name] = self._record
            if self._project.watching and self._may_write():
                self._record.wrote |= self._project.written_by(self._record.name)

    def _may_write(self) -> bool:
        """Where other threads run, what they write is not taken for the module's, unless it does something with what is the project's."""
        if threading.active_count() == 1 or self._record.ran or self._record.blind:
            return True
        record, known = self._record, self._project.records
        read = {chain[0] for chain in syntax.read_outside(record.source, set())}
        taken = [(local, module) for local, module in syntax.imported_names(record.source, record.package) if module in known]
        return any(local == "*" or local in read for local, _ in taken)

    def _stack(self) -> "List[Execution]":
        if not hasattr(Execution._local, "stack"):
            Execution._local.stack = []
        stack: List[Execution] = Execution._local.stack
        return stack

    def _settle(self, now: world.Snapshot) -> None:
        for key, change in world.changes(self._world, now).items():
            known = self._record.changed.get(key)
            self._record.changed[key] = change if known is None else world.Change(known.before, change.after)
        self._world = now


def install(project: "Project") -> None:
    """Has modules below the project's directories loaded by `Loader`, before anybody else is asked."""

    def hook(path: str) -> Any:
        if not os.path.isdir(path) or project.place_of(path) is None and path not in project.roots:
            raise ImportError
        loaders: List[Any] = [
            (importlib.machinery.ExtensionFileLoader, importlib.machinery.EXTENSION_SUFFIXES),
            (_maker(project), importlib.machinery.SOURCE_SUFFIXES),
            (importlib.machinery.SourcelessFileLoader, importlib.machinery.BYTECODE_SUFFIXES),
        ]
        return Finder(path, *loaders)

    sys.path_hooks.insert(0, hook)
    sys.path_importer_cache.clear()


def _maker(project: "Project") -> Callable[[str, str], Loader]:
    return lambda name, path: Loader(project, name, path)
