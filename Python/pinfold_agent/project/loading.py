"""How the project's modules are executed: from bytes, with a note of what ran and what changed meanwhile."""

from __future__ import annotations

import importlib.machinery
import os
import sys
import threading
from types import CodeType, FrameType, ModuleType
from typing import TYPE_CHECKING, Any, Callable, List, Optional

from . import world
from .records import Record

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
        place = self._project.place_of(self.path)
        if place is None or module.__spec__ is None:
            return super().exec_module(module)
        name = module.__spec__.name
        source = self._source(*place)
        code = self._project.code(place[1], source, self.path)
        record = Record(name, place[0], place[1], source, self._project.next_order())
        with Execution(self._project, record):
            exec(code, vars(module))


class Execution:
    """Notes in a record what happens while its module is executed on this thread."""

    _local = threading.local()

    def __init__(self, project: "Project", record: Record):
        self._project = project
        self._record = record
        self._roots = tuple(root + "/" for root in project.roots)

    def __enter__(self) -> None:
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
        self._profile = sys.getprofile()
        # A profiler of C's cannot be put back: it is left alone, and what ran is not known.
        self._sees = self._profile is None or callable(self._profile)
        if self._sees:
            sys.setprofile(self._see)
        else:
            self._record.seen = False

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        if self._sees:
            sys.setprofile(self._profile)
        stack = self._stack()
        stack.pop()
        now = world.look()
        self._settle(now)
        if stack:
            stack[-1]._world = now
        if error is None:
            self._project.records[self._record.name] = self._record
            if self._project.watching:
                self._record.wrote |= self._project.written_by(self._record.name)

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

    def _see(self, frame: FrameType, event: str, argument: Any) -> None:
        if event == "call":
            code = frame.f_code
            if code.co_name != "<module>" and code.co_filename.startswith(self._roots):
                self._record.ran[id(code)] = code


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
        return importlib.machinery.FileFinder(path, *loaders)

    sys.path_hooks.insert(0, hook)
    sys.path_importer_cache.clear()


def _maker(project: "Project") -> Callable[[str, str], Loader]:
    return lambda name, path: Loader(project, name, path)
