"""Settings of the whole process that a module may change while it is executed.

A fresh start of a version that does not change one any more would find it as it was. So what each module changed is recorded when it
is executed, and taken back before its next version is.
"""

from __future__ import annotations

import atexit
import builtins
import gc
import locale
import logging
import os
import signal
import socket
import sys
import threading
import time
import warnings
from typing import Any, Callable, Dict, List, NamedTuple, Tuple

Key = Tuple[str, ...]
World = Dict[Key, Any]
ABSENT = object()


def look() -> World:
    """Everything of it now. Lists and dictionaries are copied, so that a later change shows."""
    world: World = {("environment", name): value for name, value in os.environ.items()}
    for name, value in vars(builtins).items():
        if name != "_":
            world["builtins", name] = value
    for number in _signals:
        world["signal", str(int(number))] = signal.getsignal(number)
    loggers: List[Tuple[str, logging.Logger]] = [("", logging.getLogger())]
    for name, logger in list(logging.Logger.manager.loggerDict.items()):
        if isinstance(logger, logging.Logger):
            loggers.append((name, logger))
    for name, logger in loggers:
        world["log handlers", name] = list(logger.handlers)
        world["log filters", name] = list(logger.filters)
        world["log level", name] = (logger.level, logger.propagate, logger.disabled)
    world["log level of all",] = logging.root.manager.disable
    world["warning filters",] = list(warnings.filters)
    world["socket timeout",] = socket.getdefaulttimeout()
    world["recursion limit",] = sys.getrecursionlimit()
    world["switch interval",] = sys.getswitchinterval()
    world["collector thresholds",] = gc.get_threshold()
    world["locale",] = locale.setlocale(locale.LC_ALL)
    world["import finders",] = list(sys.meta_path)
    world["import hooks",] = list(sys.path_hooks)
    world["search path",] = list(sys.path)
    world["exception hooks",] = (sys.excepthook, sys.displayhook, sys.unraisablehook, threading.excepthook)
    world["exit functions",] = atexit._ncallbacks()
    return world


class Change(NamedTuple):
    """One of them, as it was and as it became; ABSENT where it was not there."""

    before: Any
    after: Any


def changes(before: World, after: World) -> Dict[Key, Change]:
    found: Dict[Key, Change] = {}
    for key in before.keys() | after.keys():
        was, now = before.get(key, ABSENT), after.get(key, ABSENT)
        if was is ABSENT and key[0] in _unset:
            was = _unset[key[0]]
        if was is not now and not _equal(was, now):
            found[key] = Change(was, now)
    return found


def take_back(key: Key, change: Change, now: Any, moved: Callable[[str], str]) -> bool:
    """Undoes what one module changed, and only that; False where there is no way to.

    `now` is the present value. Of lists the entries that were added are taken out, of whatever else was set the former value is set,
    unless somebody has set another since. `moved` says where a path of the release that the module was executed from lies now.
    """
    setter = _setters.get(key[0])
    if setter is None:
        return False
    if isinstance(change.after, list):
        before = [] if change.before is ABSENT else change.before
        added = [entry for entry in change.after if entry not in before]
        if key[0] == "search path":
            added += [moved(entry) for entry in added]
        setter(key, [entry for entry in now if entry not in added])
        return True
    if _equal(now, change.after):
        setter(key, change.before)
        return True
    return _equal(now, change.before)


def put_back(key: Key, value: Any) -> None:
    """Sets one of them to what it was a moment ago."""
    if key[0] in _setters:
        _setters[key[0]](key, value)


def words(key: Key) -> str:
    return " ".join(part for part in key if part)


_unset: Dict[str, Any] = {"log handlers": [], "log filters": [], "log level": (logging.NOTSET, True, False)}
_signals = [number for number in signal.Signals if number not in (signal.SIGKILL, signal.SIGSTOP)]


def _equal(a: Any, b: Any) -> bool:
    try:
        return bool(a == b)
    except Exception:
        return False


def _environment(key: Key, value: Any) -> None:
    if value is ABSENT:
        os.environ.pop(key[1], None)
    else:
        os.environ[key[1]] = value
    if key[1] == "TZ":
        time.tzset()


def _builtin(key: Key, value: Any) -> None:
    if value is ABSENT:
        vars(builtins).pop(key[1], None)
    else:
        vars(builtins)[key[1]] = value


def _log_level(key: Key, value: Any) -> None:
    logger = logging.getLogger(key[1] or None)
    level, logger.propagate, logger.disabled = _unset["log level"] if value is ABSENT else value
    logger.setLevel(level)


def _finders(key: Key, value: Any) -> None:
    sys.meta_path[:] = value


def _hooks(key: Key, value: Any) -> None:
    sys.path_hooks[:] = value
    sys.path_importer_cache.clear()


def _exception_hooks(key: Key, value: Any) -> None:
    sys.excepthook, sys.displayhook, sys.unraisablehook, threading.excepthook = value


def _logged(attribute: str) -> Callable[[Key, Any], None]:
    def set_list(key: Key, value: Any) -> None:
        getattr(logging.getLogger(key[1] or None), attribute)[:] = [] if value is ABSENT else value

    return set_list


def _signal(key: Key, value: Any) -> None:
    signal.signal(int(key[1]), value)


def _locale(key: Key, value: Any) -> None:
    locale.setlocale(locale.LC_ALL, value)


def _warning_filters(key: Key, value: Any) -> None:
    warnings.filters[:] = value  # type: ignore[index]
    getattr(warnings, "_filters_mutated", lambda: None)()


def _search_path(key: Key, value: Any) -> None:
    sys.path[:] = value


_setters: Dict[str, Callable[[Key, Any], None]] = {
    "environment": _environment,
    "builtins": _builtin,
    "signal": _signal,
    "log handlers": _logged("handlers"),
    "log filters": _logged("filters"),
    "log level": _log_level,
    "log level of all": lambda key, value: logging.disable(value),
    "warning filters": _warning_filters,
    "socket timeout": lambda key, value: socket.setdefaulttimeout(value),
    "recursion limit": lambda key, value: sys.setrecursionlimit(value),
    "switch interval": lambda key, value: sys.setswitchinterval(value),
    "collector thresholds": lambda key, value: gc.set_threshold(*value),
    "locale": _locale,
    "import finders": _finders,
    "import hooks": _hooks,
    "search path": _search_path,
    "exception hooks": _exception_hooks,
}
