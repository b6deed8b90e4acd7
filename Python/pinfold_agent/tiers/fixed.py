"""Modules that cannot be executed again, `__main__` and the one that the server took the application from.

What they imported is put into their names anew, as long as they did nothing else with it.
"""

from __future__ import annotations

from types import ModuleType
from typing import Any, Dict, Mapping, Set

from ..project import syntax
from ..project.names import names_of, package_of
from ..project.project import Project
from ..reasons import Refused
from .undo import Undo

_PLAIN = (str, bytes, int, float, bool, type(None))


class Rebinding:
    def __init__(self, project: Project, fixed: Set[str]):
        self._project = project
        self._fixed = fixed

    def run(self, old: Mapping[str, ModuleType], new: Mapping[str, Any], undo: Undo) -> None:
        """`old` are the modules that were replaced, `new` those in their place. Raises Refused where a name was more than imported."""
        origins: Dict[int, str] = {id(module): name for name, module in old.items()}
        for name in self._fixed & self._project.modules().keys():
            record = self._project.records.get(name)
            names = names_of(self._project.modules()[name])
            used = syntax.names_used_outside(record.source) if record is not None else set(names)
            taken = self._taken(name, old)
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
                if replacement is value or type(replacement) in _PLAIN and type(value) is type(replacement) and value == replacement:
                    continue
                if key in used and id(value) not in origins or replacement is None:
                    raise Refused(
                        f"{name} used {key} of a module that changes when it was executed, and it cannot be executed again",
                        file=record.path if record else None, holder=f"{name}.{key}")
                undo.entry(names, key)
                names[key] = replacement

    def _taken(self, name: str, old: Mapping[str, ModuleType]) -> Dict[str, Any]:
        """Names by where they were imported from: `from module import attribute as name`."""
        record = self._project.records.get(name)
        if record is None:
            return {}
        return {
            local: (module, attribute)
            for local, (module, attribute) in syntax.taken_names(record.source, package_of(record.name, record.path)).items()
            if module in old
        }
