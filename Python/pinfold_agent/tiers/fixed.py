"""Modules that cannot be executed again, `__main__` and the one that the server took the application from.

What they imported is put into their names anew, as long as they did nothing else with it.
"""

from __future__ import annotations

import sys
from types import FunctionType, ModuleType
from typing import Any, Dict, Mapping, Optional, Set, Tuple

from ..project import syntax
from ..project.names import names_of
from ..project.project import Project
from ..project.records import Record
from ..reasons import Refused
from .undo import Undo

_PLAIN = (str, bytes, int, float, bool, type(None))


def used_of(project: Project, fixed: Set[str], changed: Mapping[str, Set[str]]) -> str:
    """Where a module that cannot be executed again read a function of those that change, in words; empty where none did.

    `changed` has the outermost names of the functions by their modules.
    """
    for name in fixed & project.modules().keys():
        record = project.records.get(name)
        for chain in read_outside(project, record) if record is not None else ():
            value: Any = names_of(sys.modules[name]).get(chain[0])
            own = isinstance(value, (FunctionType, type))
            if own and value.__qualname__.partition(".")[0] in changed.get(value.__module__, ()):
                return f"{name} used {value.__qualname__} of {value.__module__} when it was executed"
            for attribute in chain[1:]:
                if not isinstance(value, ModuleType):
                    break
                if attribute in changed.get(value.__name__, ()):
                    return f"{name} used {attribute} of {value.__name__} when it was executed"
                value = names_of(value).get(attribute)
    return ""


def read_outside(project: Project, record: Record) -> Set[Tuple[str, ...]]:
    """What a module read when it was executed, also in functions of its own that ran then."""
    placed = [(code, project.place_of(code.co_filename)) for code in record.ran.values()]
    own = {(code.co_name, code.co_firstlineno) for code, place in placed if place is not None and place[1] == record.path}
    return syntax.read_outside(record.source, own)


def _same(value: Any, replacement: Any) -> bool:
    return value is replacement or type(value) in _PLAIN and type(value) is type(replacement) and bool(value == replacement)


def _reached(value: Any, chain: Tuple[str, ...], modules: Mapping[str, Any]) -> Any:
    """What the attributes of a name lead to in modules, which are looked for in `modules` first."""
    for attribute in chain[1:]:
        if not isinstance(value, ModuleType):
            break
        inner = names_of(value).get(attribute)
        value = modules.get(f"{value.__name__}.{attribute}", inner) if inner is None or isinstance(inner, ModuleType) else inner
    return value


class Rebinding:
    """Puts what was imported into their names, and raises Refused where they did more with it."""

    def __init__(self, project: Project, fixed: Set[str]):
        self._project = project
        self._fixed = fixed
        self._old: Mapping[str, Any] = {}

    def run(self, old: Mapping[str, ModuleType], new: Mapping[str, Any], undo: Undo) -> None:
        """`old` are the modules that were replaced, `new` those in their place. Raises Refused where a name was more than imported."""
        self._old = old
        origins: Dict[int, str] = {id(module): name for name, module in old.items()}
        for name, fixed in self._project.loaded(self._fixed).items():
            record = self._project.records.get(name)
            names = names_of(fixed)
            if record is not None:
                self._nothing_ran(record, old)
            read = read_outside(self._project, record) if record is not None else {(key,) for key in names}
            self._read_the_same(name, names, read, new)
            used = {chain[0] for chain in read}
            taken = self._taken(name, names, old)
            for key, value in list(names.items()):
                if id(value) in origins:
                    replacement = new.get(origins[id(value)])
                elif key in taken:
                    module, attribute = taken[key]
                    if names_of(old[module]).get(attribute) is not value or module not in new:
                        continue
                    replacement = names_of(new[module]).get(attribute)
                else:
                    continue
                if _same(value, replacement):
                    continue
                if key in used and id(value) not in origins or replacement is None:
                    raise self._used(name, key)
                undo.entry(names, key)
                names[key] = replacement

    def _read_the_same(self, name: str, names: Mapping[str, Any], read: Set[Tuple[str, ...]], new: Mapping[str, Any]) -> None:
        """Raises Refused where it read something of a module, and would read something else now."""
        old = self._old
        present = {module: new[module] for module in old if module in new}
        origins = {id(module): origin for origin, module in old.items()}
        for chain in read:
            value = names.get(chain[0])
            if isinstance(value, ModuleType) or id(value) in origins:
                replacement = present.get(origins[id(value)]) if id(value) in origins else value
                if not _same(_reached(value, chain, old), _reached(replacement, chain, present)):
                    raise self._used(name, ".".join(chain))

    def _used(self, name: str, what: str) -> Refused:
        return Refused(
            f"{name} used {what} of a module that changes when it was executed, and it cannot be executed again",
            file=self._project.file_of(name), holder=f"{name}.{what}")

    def _nothing_ran(self, record: Record, old: Mapping[str, Any]) -> None:
        """Raises Refused where functions of the old modules ran when one was executed that cannot be again."""
        files = {file: name for name in old for file in [self._file_of(name)] if file is not None}
        for code in record.ran.values():
            place = self._project.place_of(code.co_filename)
            if place is not None and place[1] in files:
                raise Refused(
                    f"{code.co_name} of {files[place[1]]} ran when {record.name} was executed, which cannot be executed again",
                    file=record.path, holder=record.name)

    def _file_of(self, name: str) -> Optional[str]:
        place = self._project.place_of(str(names_of(self._old[name]).get("__file__", "")))
        return place[1] if place is not None else None

    def _taken(self, name: str, names: Mapping[str, Any], old: Mapping[str, ModuleType]) -> Dict[str, Tuple[str, str]]:
        """Names by where they were imported from: `from module import attribute as name`."""
        record = self._project.records.get(name)
        if record is None:
            return {}
        found: Dict[str, Tuple[str, str]] = {}
        for local, module, attribute in syntax.taken_names(record.source, record.package):
            if module in old and attribute == "*":
                there = names_of(old[module])
                public = [key for key, value in names.items() if key[:1] != "_" and there.get(key, names) is value]
                found.update((key, (module, key)) for key in public)
            elif module in old:
                found[local] = (module, attribute)
        return found
