"""Modules by their names, and what they hold."""

from __future__ import annotations

import os
from types import ModuleType
from typing import Any, Dict, List


def is_own(name: str) -> bool:
    return name == "pinfold_agent" or name.startswith("pinfold_agent.")


def names_of(module: Any) -> Dict[str, Any]:
    """What a module holds; nothing for an object that put itself in a module's place."""
    if isinstance(module, ModuleType):
        return vars(module)
    try:
        names = object.__getattribute__(module, "__dict__")
    except (AttributeError, TypeError):
        return {}
    return names if type(names) is dict else {}


def prefixes(name: str) -> List[str]:
    """a.b.c: a, a.b, a.b.c."""
    parts = name.split(".")
    return [".".join(parts[:end]) for end in range(1, len(parts) + 1)]


def package_of(name: str, path: str) -> str:
    """What relative imports in a module are relative to."""
    return name if os.path.basename(path) == "__init__.py" else name.rpartition(".")[0]
