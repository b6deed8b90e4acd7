"""Weak references to what belongs to the old version: whatever lives on after it was let go of, somebody holds."""

from __future__ import annotations

import weakref
from types import FunctionType
from typing import Any, Callable, Dict, List, Mapping, NamedTuple, Optional


class Watched(NamedTuple):
    reference: "weakref.ref[Any]"
    # The module it is of, what it is called there, and the line that it begins at.
    module: str
    name: str
    line: Optional[int]


def watch(old: Mapping[str, Any], objects: List[Any], space_of: Callable[[str], Dict[str, Any]]) -> Dict[int, Watched]:
    """Functions and classes of the old modules, and the modules themselves."""
    spaces = {id(space_of(name)): name for name in old}
    found: Dict[int, Watched] = {}
    for value in objects:
        if type(value) is FunctionType:
            module = spaces.get(id(value.__globals__))
            if module is not None:
                found[id(value)] = Watched(weakref.ref(value), module, value.__qualname__, value.__code__.co_firstlineno)
        elif issubclass(type(value), type):
            owner = type.__getattribute__(value, "__dict__").get("__module__")
            if isinstance(owner, str) and owner in old:
                found[id(value)] = Watched(weakref.ref(value), owner, value.__qualname__, None)
    for name, value in old.items():
        try:
            found[id(value)] = Watched(weakref.ref(value), name, "the module itself", None)
        except TypeError:
            continue
    return found


def seen_weakly(old: Mapping[str, Any], objects: List[Any], space_of: Callable[[str], Dict[str, Any]], listing: bool) -> str:
    """What somebody finds of the old modules without holding it, until it is collected: a signal's receiver, a subclass.

    A name of one, or none. Before anything else refers to them weakly; `listing` says whether anybody asks for subclasses.
    """
    spaces = {id(space_of(name)) for name in old}
    for value in objects:
        if type(value) is FunctionType and id(value.__globals__) in spaces and weakref.getweakrefcount(value):
            return value.__qualname__
    for value in [value for value in objects if issubclass(type(value), type)] if listing else []:
        module = type.__getattribute__(value, "__dict__").get("__module__")
        outside = [base for base in type.__getattribute__(value, "__bases__") if base is not object and base.__module__ not in old]
        if isinstance(module, str) and module in old and outside:
            return str(value.__qualname__)
    return ""
