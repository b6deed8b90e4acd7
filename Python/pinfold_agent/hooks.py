"""What a module of the project may say about its own reload.

`__reload__(old)` in the new module takes over state from the old one, a namespace. `__unload__()` in the old module ends what it began
(threads, timers); it is called once, after the new version is in for good.
"""

from __future__ import annotations

import sys
import traceback
from typing import Any, Callable, Optional

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


def _hook(module: Any, name: str) -> Optional[Callable[..., Any]]:
    hook = names_of(module).get(name)
    return hook if callable(hook) else None
