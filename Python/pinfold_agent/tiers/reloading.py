"""Tier 2: the modules that changed, and those made of them, are executed anew and take the place of the old ones."""

from __future__ import annotations

import importlib
import linecache
import os
import sys
import threading
from types import FrameType, ModuleType
from typing import Any, Callable, Dict, Iterable, List, Mapping, Optional, Set

from .. import hooks
from ..project import world
from ..project.graph import dependants, named_by
from ..project.names import names_of
from ..project.project import Project, refresh_finders
from ..project.records import Record
from ..reasons import Refused, refusal_of
from .changes import Changes
from .exits import ExitFunctions
from .fixed import Rebinding
from .patching import suspendable, suspended_frame
from .undo import Undo


def affected_by(project: Project, changes: Changes, fixed: Set[str]) -> Set[str]:
    """The modules to execute anew, before anything was tried. Raises Refused where one of the fixed changed itself."""
    modules = project.modules()
    begun = set(changes.sources) | changes.removed | changes.touched
    if changes.data:
        begun |= modules.keys() - fixed
    for name in sorted(begun & fixed):
        record = project.records.get(name)
        raise Refused(
            f"{name} changes, and what the program was started from cannot be executed again", file=record.path if record else None,
            line=first_difference(record, changes), holder=name)
    for name in sorted(fixed & project.records.keys()):
        source = project.records[name].source
        for path in sorted(changes.read):
            if os.path.basename(path).encode() in source:
                raise Refused(
                    f"{name} names {path}, which changes, and what the program was started from cannot be executed again",
                    file=project.records[name].path, holder=name)
    return dependants(project, modules, begun, fixed)


def first_difference(record: Optional[Record], changes: Changes) -> Optional[int]:
    source = changes.sources.get(record.name) if record is not None else None
    if record is None or source is None:
        return None
    old, new = record.source.splitlines(), source.splitlines()
    return next((number for number, (a, b) in enumerate(zip(old, new), 1) if a != b), min(len(old), len(new)) + 1)


def not_on_stacks(project: Project, affected: Set[str], exempt: Iterable[int] = ()) -> None:
    """Raises Refused where a thread is in the middle of a module that is executed anew: it would go on with the old one.

    A module with `__unload__` ends its threads itself.
    """
    spaces = {id(project.space_of(name)): name for name in project.loaded(affected)}
    thread_names = {thread.ident: thread.name for thread in threading.enumerate()}
    for ident, frame in sys._current_frames().items():
        step: Optional[FrameType] = frame
        while step is not None and ident != threading.get_ident() and ident not in exempt:
            name = spaces.get(id(step.f_globals))
            if name is not None and not callable(step.f_globals.get(hooks.UNLOAD)):
                raise Refused(
                    f"{step.f_code.co_name} of {name}, a module that is loaded anew, runs", file=project.file_of(name),
                    line=step.f_lineno, holder=f"thread {thread_names.get(ident, ident)}")
            step = step.f_back


def no_programs(project: Project, affected: Set[str]) -> None:
    """Raises Refused where a program runs that a module which is executed anew has by a name: it would begin another, and leave this one.

    A module with `__unload__` ends its programs itself.
    """
    begun: Any = getattr(sys.modules.get("subprocess"), "Popen", None)
    for name in project.loaded(affected) if begun is not None else ():
        names = names_of(sys.modules[name])
        for value in list(names.values()) if not callable(names.get(hooks.UNLOAD)) else ():
            if isinstance(value, begun) and value.poll() is None:
                raise Refused(
                    f"a program that {name}, a module that is loaded anew, has begun runs", file=project.file_of(name),
                    holder=f"process {value.pid}")


def no_children() -> None:
    """Raises Refused where processes of `multiprocessing` live on while no request is served, as a pool's: with the old code."""
    processes = sys.modules.get("multiprocessing.process")
    for child in processes.active_children() if processes is not None else ():
        raise Refused("a process that this one started has the old code", holder=f"{child.name}, process {child.pid}")


def suspended_in(project: Project, spaces: Mapping[int, str], objects: List[Any]) -> Optional[Refused]:
    """The reason, where one of the objects is a generator or a coroutine that would go on in an old module.

    `spaces` are the old modules by the identity of their names.
    """
    for value in suspendable(objects):
        frame = suspended_frame(value)
        name = spaces.get(id(frame.f_globals)) if frame is not None else None
        if frame is not None and name is not None and frame.f_globals.get("__name__") == name:
            return Refused(
                f"{frame.f_code.co_name} of {name}, a module that is loaded anew, is suspended in the middle", file=project.file_of(name),
                line=frame.f_lineno, holder=f"an open stream, a task or whoever has the {type(value).__name__}")
    return None


def spaces_of(project: Project, affected: Set[str]) -> Dict[int, str]:
    """Modules by the identity of their names, without those that end by themselves what they began."""
    return {
        id(project.space_of(name)): name for name, module in project.loaded(affected).items()
        if not callable(names_of(module).get(hooks.UNLOAD))
    }


class Swap:
    """One exchange of modules. `run` leaves the new ones in place, and in `undo` the way back."""

    def __init__(self, project: Project, changes: Changes, affected: Set[str], fixed: Set[str], entries: Set[str]):
        self._project = project
        self._changes = changes
        self.affected = affected
        self._fixed = fixed
        self._entries = entries
        # The old modules, until they are let go of.
        self.old: Dict[str, Any] = {}
        self._known: Set[str] = set()
        # By path in the release, of those that have been compared with the files.
        names = affected - changes.removed
        records = [record for name, record in project.records.items() if name in names and changes.looked_at.get(name) == record.order]
        self._sources = {record.path: changes.sources.get(record.name, record.source) for record in records}

    def approach(self) -> None:
        """Touches what `run` will: since the fork of a rehearsal the first to do that waits for each page, and it shall be no request."""
        self._project.modules()
        world.look(mask=True)

    def run(self, undo: Undo, check: Optional[Callable[[], None]]) -> None:
        project, affected = self._project, self.affected
        records = dict(project.records)
        self.old = {name: sys.modules[name] for name in affected if name in sys.modules}
        bystanders = {name: module for name, module in project.modules().items() if name not in affected}
        self._remember(bystanders, records, undo)
        project.sources = self._sources
        try:
            self._take_back_settings(records, undo)
            move(project, self._changes.root, bystanders, undo)
            self._take_out(undo)
            refresh_finders()
            undo.then(self._end_new)
            with ExitFunctions(project, undo):
                self._execute(records)
                self._complete(bystanders)
                Rebinding(project, self._fixed).run(self.old, sys.modules, undo)
                for name, module in self.old.items():
                    if name in sys.modules:
                        hooks.take_over(sys.modules[name], module)
                if check is not None:
                    check()
        except BaseException as error:
            raise refusal_of(error, self._changes.root) from error

    def _remember(self, bystanders: Mapping[str, ModuleType], records: Dict[str, Record], undo: Undo) -> None:
        project, old, affected = self._project, self.old, self.affected
        before = world.look(mask=True)
        known = self._known = set(sys.modules)
        after: List[world.Snapshot] = []

        def back() -> None:
            for name in self._appeared():
                del sys.modules[name]
            for name in affected:
                sys.modules.pop(name, None)
            sys.modules.update(old)
            project.records = dict(records)
            now = world.look(mask=True)
            left = after[0] if after else now
            since = world.changes(left, now)
            for key, change in world.changes(before, left).items():
                if key in since:
                    # Somebody else has set another meanwhile: of a list the new version's entries go, and theirs stay.
                    world.take_back(key, change, since[key].after, project.moved)
                else:
                    world.put_back(key, change.before)
            refresh_finders()

        undo.then(back, lambda: after.append(world.look(mask=True)))
        for module in bystanders.values():
            undo.contents(names_of(module))

    def _take_back_settings(self, records: Mapping[str, Record], undo: Undo) -> None:
        """Each setting of the process as it was before the old modules changed it, the last change first."""
        changed = sorted((record for name, record in records.items() if name in self.affected), key=lambda record: -record.order)
        for record in changed:
            for key, change in record.changed.items():
                now = world.look(key == world.MASK).flat().get(key, world.ABSENT)
                if not world.take_back(key, change, now, self._project.moved):
                    raise Refused(
                        f"{record.name} changed the process's {world.words(key)}, which cannot be taken back", file=record.path,
                        holder="the process")

    def readers(self, former: Mapping[str, Record]) -> Set[str]:
        """Modules that may have read a setting of the process that an exchanged one, executed before them, makes otherwise now.

        `former` are the records of before the exchange.
        """
        present = self._project.records
        begun = [
            former[name].order for name in self.affected & former.keys()
            if world.differently(former[name].changed, present[name].changed if name in present else {}, self._project.moved)
        ]
        later = {name for name, record in former.items() if begun and record.order > min(begun) and name in sys.modules}
        return later - self.affected - self._fixed

    def _take_out(self, undo: Undo) -> None:
        for name in self.affected:
            sys.modules.pop(name, None)
            parent, _, leaf = name.rpartition(".")
            if parent in sys.modules and leaf in names_of(sys.modules[parent]):
                undo.entry(names_of(sys.modules[parent]), leaf)
                delattr(sys.modules[parent], leaf)
            self._project.records.pop(name, None)

    def _execute(self, records: Mapping[str, Record]) -> None:
        """In the order of a start: what was asked for first asks for the rest. What nobody asks for any more stays out."""
        named = self._named(records.values())
        order = sorted(self.affected - self._changes.removed, key=lambda name: records[name].order if name in records else 0)
        # A package without a file is made by the first import in it.
        order = [name for name in order if name in records]
        for name in order:
            if name in self._entries or name not in named:
                self._load(name)
        while True:
            named = self._named(self._project.records.values())
            due = [name for name in order if name not in sys.modules and name in named]
            if not due:
                return
            for name in due:
                self._load(name)

    def _load(self, name: str) -> None:
        if name not in sys.modules:
            importlib.import_module(name)

    @staticmethod
    def _named(records: Iterable[Record]) -> Set[str]:
        return {name for record in records for name in named_by(record)}

    def _complete(self, bystanders: Mapping[str, ModuleType]) -> None:
        """A package that was executed anew has to know its modules that were not."""
        for name, module in bystanders.items():
            parent, _, leaf = name.rpartition(".")
            if parent in self.affected and parent in sys.modules and leaf not in names_of(sys.modules[parent]):
                setattr(sys.modules[parent], leaf, module)

    def _appeared(self) -> List[str]:
        modules = list(sys.modules.items())
        return [name for name, module in modules if name not in self._known and self._project.owns(name, module)]

    def _end_new(self) -> None:
        """On the way back: what the new modules began ends, as far as they say how."""
        for name in [*self.affected, *self._appeared()]:
            module = sys.modules.get(name)
            if module is not None and module is not self.old.get(name):
                hooks.unload(module)

    def keep(self) -> None:
        """The new version is in for good: only what says itself how it ends is still of use."""
        self.old = {name: module for name, module in self.old.items() if callable(names_of(module).get(hooks.UNLOAD))}
        linecache.checkcache()

    def end_old(self) -> None:
        old, self.old = self.old, {}
        for module in old.values():
            hooks.unload(module)


def move(project: Project, root: str, bystanders: Mapping[str, ModuleType], undo: Undo) -> None:
    """The interpreter's paths lead into the new release: modules that are imported later are of it, and files are looked for there."""
    before, roots = project.root, set(project.roots)
    if before == root:
        return

    def back() -> None:
        project.root, project.roots = before, roots
        refresh_finders()

    undo.then(back)
    project.roots = project.roots | {root}
    project.root = root
    undo.list(sys.path)
    sys.path[:] = [project.moved(entry) for entry in sys.path]
    for module in bystanders.values():
        names = names_of(module)
        for key in ("__file__", "__cached__"):
            if isinstance(names.get(key), str):
                _set(names, key, project.moved(names[key]), undo)
        if isinstance(names.get("__path__"), list):
            undo.list(names["__path__"])
            names["__path__"][:] = [project.moved(entry) for entry in names["__path__"]]
        for thing, key in ((names.get("__spec__"), "origin"), (names.get("__loader__"), "path")):
            state = getattr(thing, "__dict__", {})
            if isinstance(state.get(key), str):
                _set(state, key, project.moved(state[key]), undo)
    try:
        here = os.getcwd()
    except OSError:
        return
    if project.place_of(here) is not None and os.path.isdir(project.moved(here)):
        undo.then(lambda: os.chdir(here))
        os.chdir(project.moved(here))


def _set(names: Dict[str, Any], key: str, value: str, undo: Undo) -> None:
    undo.entry(names, key)
    names[key] = value

