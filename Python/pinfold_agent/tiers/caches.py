"""Caches of results that the old version computed."""

from __future__ import annotations

import functools
import gc
import weakref
from typing import Any, Collection, Dict, Iterable, List, Optional, Set

from ..project.names import names_of
from .undo import Undo

Cache = type(functools.lru_cache(maxsize=None)(lambda: None))


class Caches:
    """Caches around functions, and what instances keep of cached properties of the project's.

    Found while requests are served, and held weakly: a fork of this process looks who holds the old version.
    """

    def __init__(self, objects: List[Any], project: Collection[str]):
        """`project` are the names of its modules."""
        self._project = project
        self._functions = [weakref.ref(value) for value in _functions(objects)]
        properties = _properties(objects, project)
        self._properties = weakref.WeakKeyDictionary(properties)
        self._instances = [weakref.ref(value) for value in objects if type(value) in properties] if properties else []

    def clear(self, since: List[Any], undo: Optional[Undo] = None) -> None:
        """Empties them, and those that `since` has, the objects that were made after they were found."""
        self.clear_functions()
        for cache in _functions(since):
            cache.cache_clear()
        properties = {**dict(self._properties), **_properties(since, self._project)}
        if properties:
            instances = [reference() for reference in self._instances]
            for value in instances + [value for value in since if type(value) in properties]:
                _forget(value, properties.get(type(value), set()), undo)

    def clear_functions(self) -> None:
        for reference in self._functions:
            cache = reference()
            if cache is not None:
                cache.cache_clear()


def _functions(objects: Iterable[Any]) -> List[Any]:
    return [value for value in objects if type(value) is Cache and not value.__module__.startswith("pinfold_agent.")]


def _properties(objects: List[Any], project: Collection[str]) -> Dict[type, Set[str]]:
    """Classes whose instances keep results of cached properties in their dictionaries, with the names there."""
    kinds = set(map(type, objects))
    # The standard library's, and those of frameworks, which have the same name.
    cached = {kind for kind in kinds if any(base.__name__ == "cached_property" for base in type.__getattribute__(kind, "__mro__"))}
    if not cached:
        return {}
    names: Dict[str, Set[int]] = {}
    for value in [value for value in objects if type(value) in cached]:
        own = names_of(value)
        function = own.get("func") or getattr(value, "fget", None)
        name = own.get("attrname") or own.get("name") or own.get("__name__")
        if isinstance(name, str) and getattr(function, "__module__", None) in project:
            names.setdefault(name, set()).add(id(value))
    found: Dict[type, Set[str]] = {}
    for value in [value for value in objects if issubclass(type(value), type)] if names else []:
        # Of a base class's too.
        spaces = [type.__getattribute__(base, "__dict__") for base in type.__getattribute__(value, "__mro__")]
        kept = {name for name, known in names.items() if any(id(space.get(name)) in known for space in spaces)}
        if kept:
            found[value] = kept
    return found


def _forget(value: Any, names: Set[str], undo: Optional[Undo]) -> None:
    kept = names_of(value) if value is not None else {}
    for name in names & kept.keys():
        if undo is not None:
            undo.entry(kept, name)
        del kept[name]


def everything() -> List[Any]:
    """All that the collector knows. Somebody may have frozen what was there at the start: that counts too."""
    if gc.get_freeze_count():
        gc.unfreeze()
    return gc.get_objects()
