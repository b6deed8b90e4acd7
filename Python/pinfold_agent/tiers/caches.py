"""Caches of results that the old version computed."""

from __future__ import annotations

import abc
import functools
import gc
import weakref
from types import AsyncGeneratorType, CoroutineType, FunctionType, GeneratorType
from typing import Any, Callable, Collection, Dict, Iterable, List, Optional, Set

from ..project.names import names_of
from .undo import Undo

Cache = type(functools.lru_cache(maxsize=None)(lambda: None))
SUSPENDED = (GeneratorType, CoroutineType, AsyncGeneratorType)
_ASKED_FOR = {FunctionType, Cache, *SUSPENDED}


class Caches:
    """Caches around functions, what abstract classes keep of who is one of theirs, and what instances keep of cached properties of the project's.

    Found while requests are served, and held weakly: a fork of this process looks who holds the old version.
    """

    def __init__(self, objects: List[Any], few: List[Any], project: Collection[str]):
        """`few` are `few_of` the objects, `project` the names of its modules."""
        self._project = project
        self._functions = [weakref.ref(value) for value in _functions(few)]
        self._abstract = [weakref.ref(value) for value in few if isinstance(value, abc.ABCMeta)]
        properties = _properties(few, project)
        self._properties = weakref.WeakKeyDictionary(properties)
        self._instances = [weakref.ref(value) for value in objects if type(value) in properties] if properties else []

    def clear(self, since: List[Any], undo: Optional[Undo] = None) -> None:
        """Empties them, and those that `since` has, the objects that were made after they were found."""
        self.clear_functions()
        few = few_of(since)
        for cache in _functions(few):
            cache.cache_clear()
        properties = {**dict(self._properties), **_properties(few, self._project)}
        if properties:
            instances = [reference() for reference in self._instances]
            for value in instances + [value for value in since if type(value) in properties]:
                _forget(value, properties.get(type(value), set()), undo)

    def clear_functions(self) -> None:
        for reference in self._functions:
            cache = reference()
            if cache is not None:
                cache.cache_clear()
        for reference in self._abstract:
            abstract = reference()
            if abstract is not None:
                _forget_kinds(abstract)


# What `__subclasshook__` and `register` have said before is kept for each class.
_forget_kinds: Callable[[type], None] = getattr(abc.ABCMeta, "_abc_caches_clear")


def _functions(objects: Iterable[Any]) -> List[Any]:
    return [value for value in objects if type(value) is Cache and not value.__module__.startswith("pinfold_agent.")]


def _properties(objects: List[Any], project: Collection[str]) -> Dict[type, Set[str]]:
    """Classes whose instances keep results of cached properties in their dictionaries, with the names there."""
    cached = _cached(set(map(type, objects)))
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


def _cached(kinds: Set[type]) -> Set[type]:
    """The standard library's kind of cached property, and those of frameworks, which have the same name."""
    return {kind for kind in kinds if any(base.__name__ == "cached_property" for base in type.__getattribute__(kind, "__mro__"))}


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


def few_of(objects: List[Any]) -> List[Any]:
    """Those that anybody here asks for: functions, classes, what is suspended, caches. There may be millions of others."""
    kinds = set(map(type, objects))
    wanted = {kind for kind in kinds if kind in _ASKED_FOR or issubclass(kind, type)} | _cached(kinds)
    return [value for value in objects if type(value) in wanted]
