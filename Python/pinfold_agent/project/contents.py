"""What modules hold, so that it shows when the execution of one writes into another.

Nothing of the project's or a library's runs here: objects are asked by what they are, never by what they say that they are.
"""

from __future__ import annotations

import weakref
from collections import deque
from types import FunctionType, ModuleType
from typing import Any, Dict, Hashable, List, Mapping, Optional

DEPTH = 3
# Of a larger container only the size is looked at.
LARGEST = 5_000

Contents = Dict[str, Hashable]
_SIZED = (deque, weakref.WeakSet, weakref.WeakKeyDictionary, weakref.WeakValueDictionary)


def contents(module: Any) -> Contents:
    """What a module holds, some levels deep, in a form that keeps nothing alive."""
    names = _names(module) or {}
    owner = names.get("__name__")
    return {
        key: _form(value, DEPTH, owner if isinstance(owner, str) else "")
        for key, value in list(names.items())
        if not (key.startswith("__") and key.endswith("__")) and type(value) is not ModuleType
    }


def told(before: Mapping[str, Contents], after: Mapping[str, Any]) -> Dict[str, str]:
    """The modules whose contents are others now, with a name of each that is."""
    found: Dict[str, str] = {}
    for name, module in after.items():
        was, now = before[name], contents(module)
        for key in was.keys() | now.keys():
            if was.get(key) != now.get(key):
                found[name] = key
    return found


def _form(value: Any, depth: int, owner: str) -> Hashable:
    kind = type(value)
    if value is None or kind in (str, int, bytes, bool):
        return (kind.__name__, value)
    if kind in (float, complex):
        return (kind.__name__, repr(value))
    if issubclass(kind, dict):
        return ("mapping", dict.__len__(value), _entries(list(dict.items(value)), depth, owner), _state(value, depth, owner))
    if issubclass(kind, (list, tuple)):
        parts: List[Any] = list(list.__iter__(value) if issubclass(kind, list) else tuple.__iter__(value))
        inside = tuple(_form(part, depth - 1, owner) for part in parts) if 0 < depth and len(parts) <= LARGEST else ()
        return ("sequence", len(parts), inside, _state(value, depth, owner))
    if issubclass(kind, (set, frozenset)):
        members = list(set.__iter__(value) if issubclass(kind, set) else frozenset.__iter__(value))
        return ("set", len(members), frozenset(_key(member) for member in members) if len(members) <= LARGEST else None)
    if issubclass(kind, type):
        return _class(value, depth, owner)
    if kind in (FunctionType, ModuleType):
        return ("other", id(value), _state(value, depth, owner) if kind is FunctionType else ())
    return ("object", id(value), len(value) if kind in _SIZED else 0, _state(value, depth, owner))


def _class(value: type, depth: int, owner: str) -> Hashable:
    names = type.__getattribute__(value, "__dict__")
    if names.get("__module__") != owner or depth <= 0:
        return ("other", id(value))
    kept = [
        (key, inner) for key, inner in list(names.items())
        if not key.startswith("_abc_") and type(inner) is not FunctionType and key not in ("__dict__", "__weakref__")
    ]
    return ("class", id(value), _entries(kept, depth, owner))


def _state(value: Any, depth: int, owner: str) -> Hashable:
    names = _names(value)
    return () if names is None or depth <= 0 else _entries([entry for entry in list(names.items()) if entry[0] != "__wrapped__"], depth, owner)


def _entries(entries: "list[tuple[Any, Any]]", depth: int, owner: str) -> Hashable:
    if depth <= 0 or len(entries) > LARGEST:
        return len(entries)
    return tuple((_key(key), _form(inner, depth - 1, owner)) for key, inner in entries)


def _names(value: Any) -> Optional[Dict[str, Any]]:
    """An object's own attributes, not those that it makes up."""
    try:
        names = object.__getattribute__(value, "__dict__")
    except (AttributeError, TypeError):
        return None
    return names if type(names) is dict else None


def _key(value: Any) -> Hashable:
    key: Hashable = value if type(value) in (str, int, bytes, bool, type(None)) else id(value)
    return key
