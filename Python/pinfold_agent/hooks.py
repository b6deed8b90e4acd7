"""What a module of the project may say about its own reload.

`__reload__(old)` in the new module takes over state from the old one, a namespace. `__unload__()` in the old module ends what it began
(threads, timers); it is called once, after the new version is in for good. Where a reload is taken back, that of the new module is.
"""

from __future__ import annotations

import sys
import traceback
from types import CodeType, FunctionType
from typing import Any, Callable, List, Optional, Set

from .project.names import names_of

RELOAD = "__reload__"
UNLOAD = "__unload__"


def take_over(new: Any, old: Any) -> None:
    hook = _hook(new, RELOAD)
    if hook is not None:
        hook(old)


def unload(old: Any) -> None:
    """The new version is in: what fails here is told, and changes nothing."""
    hook = _hook(old, UNLOAD)
    if hook is None:
        return
    try:
        hook()
    except Exception:
        print(f"pinfold_agent: {UNLOAD} of {getattr(old, '__name__', '?')} failed", file=sys.stderr)
        traceback.print_exc()


def named_at_unload(module: Any) -> Optional[Set[str]]:
    """The names that a module's end uses, also in functions of its own; nil for one without."""
    hook = _hook(module, UNLOAD)
    if hook is None:
        return None
    found: Set[str] = set()
    pending: List[Any] = [hook]
    while pending:
        value = pending.pop()
        code = value if isinstance(value, CodeType) else getattr(value, "__code__", None)
        if code is not None:
            pending += [inner for inner in code.co_consts if isinstance(inner, CodeType)]
            used = [inner for name, inner in names_of(module).items() if name in code.co_names and name not in found]
            pending += [inner for inner in used if isinstance(inner, FunctionType)]
            found.update(code.co_names)
    return found


def _hook(module: Any, name: str) -> Optional[Callable[..., Any]]:
    hook = names_of(module).get(name)
    return hook if callable(hook) else None
