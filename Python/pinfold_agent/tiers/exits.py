"""Exit functions that a new version registers while it is taken in: they may have to go again, and there is no list of them."""

from __future__ import annotations

import atexit
import sys
import threading
from typing import Any, Callable, Optional

from ..project.project import Project
from .undo import Undo


class ExitFunctions:
    """A context in which those that the project's own code registers on this thread are noted; a library's stay a library's."""

    def __init__(self, project: Project, undo: Undo):
        self._project = project
        self._undo: Optional[Undo] = undo
        self._thread = threading.get_ident()
        self._register: Callable[..., Any] = atexit.register

    def __enter__(self) -> "ExitFunctions":
        setattr(atexit, "register", self._note)
        return self

    def __exit__(self, *error: Any) -> None:
        setattr(atexit, "register", self._register)
        # A module may have taken the name, and what it has must not hold the old version.
        self._undo = None

    def _note(self, function: Any, *arguments: Any, **named: Any) -> Any:
        undo = self._undo if threading.get_ident() == self._thread else None
        if undo is None or self._project.place_of(sys._getframe(1).f_code.co_filename) is None:
            return self._register(function, *arguments, **named)
        entry = _Entry(function)
        self._register(entry, *arguments, **named)
        undo.then(entry.forget)
        return function


class _Entry:
    """An exit function, told apart from another registration of the same one."""

    def __init__(self, function: Any):
        self._function = function
        self._going = False

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        return self._function(*arguments, **named)

    def __eq__(self, other: object) -> bool:
        """Who unregisters the function means this one."""
        return other is self or not self._going and bool(other == self._function)

    def __hash__(self) -> int:
        return hash(self._function)

    def forget(self) -> None:
        self._going = True
        atexit.unregister(self)
