"""Caches of results that the old version computed."""

from __future__ import annotations

import functools
import gc
from typing import Any, Dict, Iterable, List, Tuple

from ..project.names import names_of

Cache = type(functools.lru_cache(maxsize=None)(lambda: None))


def caches(objects: Iterable[Any]) -> List[Any]:
    return [value for value in objects if type(value) is Cache and not value.__module__.startswith("pinfold_agent.")]


def clear(found: Iterable[Any]) -> None:
    for cache in found:
        cache.cache_clear()


def cached_properties(functions: Iterable[Any], objects: List[Any]) -> List[Tuple[Dict[str, Any], str]]:
    """Where instances keep what one of the functions computed as a cached property: their dictionary, and the name in it."""
    wanted = {id(function) for function in functions}
    names: Dict[str, List[Any]] = {}
    for value in objects:
        if type(value) is functools.cached_property and id(value.func) in wanted and value.attrname:
            names.setdefault(value.attrname, []).append(value)
    found: List[Tuple[Dict[str, Any], str]] = []
    if not names:
        return found
    for value in objects:
        kept = {} if issubclass(type(value), type) else names_of(value)
        for name in names.keys() & kept.keys():
            if any(base.__dict__.get(name) is known for base in type(value).__mro__ for known in names[name]):
                found.append((kept, name))
    return found


def everything() -> List[Any]:
    """All that the collector knows. Somebody may have frozen what was there at the start: that counts too."""
    if gc.get_freeze_count():
        gc.unfreeze()
    return gc.get_objects()
