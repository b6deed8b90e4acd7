"""What modules hold, so that it shows when the execution of one writes into another.

Nothing of the project's or a library's runs here: objects are asked by what they are, never by what they say that they are.
"""

from __future__ import annotations

import weakref
from collections import deque
from functools import partial
from types import FunctionType, MemberDescriptorType, MethodType, ModuleType
from typing import Any, Container, Dict, Hashable, Iterable, List, Mapping, Optional, Set, Tuple

DEPTH = 3
# Objects of the project's are followed further, so many of a module.
FURTHER = 2_000
# Of a larger container only the size is looked at.
LARGEST = 5_000

Contents = Dict[str, Hashable]
_ATOMS = {str, int, bytes, bool, float, type(None), ModuleType}
_PLAIN = {dict, list, set, deque}
_CONTAINERS: Tuple[Any, ...] = (dict, list, tuple, set, frozenset, deque)
_SIZED = (deque, weakref.WeakSet, weakref.WeakKeyDictionary, weakref.WeakValueDictionary)


def contents(module: Any, project: Container[str] = ()) -> Contents:
    """What a module holds, some levels deep, in a form that keeps nothing alive.

    `project` are the names of the project's modules.
    """
    names = _names(module) or {}
    owner = names.get("__name__")
    kept = {
        key: value for key, value in list(names.items())
        if not (key.startswith("__") and key.endswith("__")) and type(value) is not ModuleType
    }
    found = {key: _form(value, DEPTH, owner if isinstance(owner, str) else "") for key, value in kept.items()}
    found["…"] = _further(kept.values(), owner, project)
    return found


def _further(values: Iterable[Any], owner: Any, project: Container[str]) -> Hashable:
    """What is reached through nothing but objects of the project's, plain containers and closures, by what each holds itself.

    Level by level, so that what is near is among those that count.
    """
    pending = deque(values)
    seen: Set[int] = set()
    found: List[Hashable] = []
    while pending and len(seen) < FURTHER:
        value = pending.popleft()
        if id(value) in seen or type(value) in _ATOMS:
            continue
        held = _held(value, owner, project)
        if held is None:
            continue
        seen.add(id(value))
        found.append((id(value), len(held), tuple(map(_key, held)) if len(held) <= LARGEST else ()))
        pending.extend(held[:FURTHER])
    return tuple(found)


def _held(value: Any, owner: Any, project: Container[str]) -> Optional[List[Any]]:
    """What an object holds, its names and the things under them; nil for one that is a library's."""
    kind = type(value)
    # A function has none, and most are functions.
    size = 0 if kind is FunctionType else next((base.__len__(value) for base in _CONTAINERS if issubclass(kind, base)), 0)
    if size > LARGEST:
        return [size]
    if kind is FunctionType:
        if value.__module__ not in project:
            return None
        defaults = [*(value.__defaults__ or ()), *(value.__kwdefaults__ or {}).values()]
        held = [_cell(cell) for cell in value.__closure__ or ()] + defaults
    elif issubclass(kind, dict):
        held = [part for entry in list(dict.items(value)) for part in entry]
    elif issubclass(kind, (list, tuple, set, frozenset)):
        base = next(base for base in _CONTAINERS if issubclass(kind, base))
        held = list(base.__iter__(value))
    elif kind is deque:
        held = list(value.copy())
    elif kind is MethodType:
        held = [value.__self__, value.__func__]
    elif kind is partial:
        held = [value.func, value.args, value.keywords]
    elif issubclass(kind, type):
        names = type.__getattribute__(value, "__dict__")
        own = names.get("__module__") == owner
        kept = [inner for key, inner in list(names.items()) if not key.startswith("_abc_")]
        return [inner for inner in kept if type(inner) in _PLAIN or _module_of(type(inner)) in project] if own else None
    elif _module_of(kind) not in project:
        return None
    else:
        held = _slots(value)
    attributes = _names(value) or {}
    if len(attributes) <= LARGEST:
        held += [part for entry in list(attributes.items()) for part in entry if entry[0] != "__wrapped__"]
    return held


def _module_of(kind: type) -> str:
    module = type.__getattribute__(kind, "__dict__").get("__module__")
    return module if isinstance(module, str) else ""


def _slots(value: Any) -> List[Any]:
    found: List[Any] = []
    for base in type.__getattribute__(type(value), "__mro__"):
        for member in list(type.__getattribute__(base, "__dict__").values()):
            if type(member) is MemberDescriptorType:
                try:
                    found.append(member.__get__(value))
                except AttributeError:
                    found.append(None)
    return found


def _cell(cell: Any) -> Any:
    try:
        return cell.cell_contents
    except ValueError:
        return None


def told(before: Mapping[str, Contents], after: Mapping[str, Any], project: Container[str] = ()) -> Dict[str, str]:
    """The modules whose contents are others now, with a name of each that is."""
    found: Dict[str, str] = {}
    for name, module in after.items():
        was, now = before[name], contents(module, project)
        for key in was.keys() | now.keys():
            if was.get(key) != now.get(key):
                found[name] = key
    return found


def _form(value: Any, depth: int, owner: str) -> Hashable:
    kind = type(value)
    if kind is FunctionType:
        return ("other", id(value), _state(value, depth, owner))
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
    if kind is ModuleType:
        return ("other", id(value), ())
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
    return () if not names or depth <= 0 else _entries([entry for entry in list(names.items()) if entry[0] != "__wrapped__"], depth, owner)


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
    if type(value) is float:
        return repr(value)
    key: Hashable = value if type(value) in (str, int, bytes, bool, type(None)) else id(value)
    return key
