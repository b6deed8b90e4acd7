"""Settings of the whole process that a module may change while it is executed.

A fresh start of a version that does not change one any more would find it as it was. So what each module changed is recorded when it
is executed, and taken back before its next version is.
"""

from __future__ import annotations

import atexit
import builtins
import contextlib
import gc
import locale
import logging
import os
import resource
import signal
import socket
import sys
import threading
import time
import warnings
from typing import Any, Callable, Dict, List, Mapping, NamedTuple, Optional, Tuple

Key = Tuple[str, ...]
World = Dict[Key, Any]
ABSENT = object()


class Snapshot(NamedTuple):
    """Everything of it at one moment, as cheap as can be: it is taken around the execution of each module. Lists are copies."""

    environment: Dict[bytes, bytes]
    builtins: Dict[str, Any]
    signals: List[Any]
    loggers: Dict[str, Tuple[Any, ...]]
    others: Tuple[Any, ...]
    # Only where it is asked for: it is in a file of the kernel's.
    mask: Optional[int] = None

    def flat(self) -> World:
        """By names."""
        world: World = {("environment", os.fsdecode(name)): os.fsdecode(value) for name, value in self.environment.items()}
        world.update((("builtins", name), value) for name, value in self.builtins.items() if name != "_")
        world.update((("signal", str(int(number))), handler) for number, handler in zip(_signals, self.signals))
        for name, (handlers, filters, *level) in self.loggers.items():
            world["log handlers", name] = handlers
            world["log filters", name] = filters
            world["log level", name] = tuple(level)
        world.update(((name,), value) for name, value in zip(_OTHERS, self.others))
        if self.mask is not None:
            world[MASK] = self.mask
        return world


_OTHERS = (
    "log level of all", "warning filters", "socket timeout", "recursion limit", "switch interval", "collector thresholds", "locale",
    "import finders", "import hooks", "search path", "exception hooks", "exit functions", "working directory", "limits",
)
MASK: Key = ("file mask",)
# Not those that a rehearsal sets.
_LIMITS = (
    resource.RLIMIT_NOFILE, resource.RLIMIT_STACK, resource.RLIMIT_FSIZE, resource.RLIMIT_DATA, resource.RLIMIT_CPU,
    resource.RLIMIT_MEMLOCK,
)


def file_mask() -> Optional[int]:
    """What new files are not allowed, as /proc says it: to ask the interpreter is to set it, for all threads."""
    try:
        with open("/proc/self/status", "rb") as status:
            words = status.read().partition(b"Umask:")[2].split()
    except OSError:
        return None
    return int(words[0], 8) if words else None


def _directory() -> str:
    try:
        return os.getcwd()
    except OSError:
        return ""


def look(mask: bool = False) -> Snapshot:
    root = logging.root
    loggers: Dict[str, Tuple[Any, ...]] = {"": (list(root.handlers), list(root.filters), root.level, root.propagate, root.disabled)}
    for name, logger in list(logging.Logger.manager.loggerDict.items()):
        if isinstance(logger, logging.Logger):
            loggers[name] = (list(logger.handlers), list(logger.filters), logger.level, logger.propagate, logger.disabled)
    others = (
        root.manager.disable, list(warnings.filters), socket.getdefaulttimeout(), sys.getrecursionlimit(), sys.getswitchinterval(),
        gc.get_threshold(), locale.setlocale(locale.LC_ALL), list(sys.meta_path), list(sys.path_hooks), list(sys.path),
        (sys.excepthook, sys.displayhook, sys.unraisablehook, threading.excepthook), atexit._ncallbacks(), _directory(),
        tuple(map(resource.getrlimit, _LIMITS)),
    )
    return Snapshot(
        dict(getattr(os.environ, "_data")), dict(vars(builtins)), [_handler(number) for number in _signals], loggers, others,
        file_mask() if mask else None)


class Change(NamedTuple):
    """One of them, as it was and as it became; ABSENT where it was not there."""

    before: Any
    after: Any


def changes(before: Snapshot, after: Snapshot) -> Dict[Key, Change]:
    found: Dict[Key, Change] = {}
    if _equal(before, after):
        return found
    then, since = before.flat(), after.flat()
    for key in then.keys() | since.keys():
        was, now = then.get(key, ABSENT), since.get(key, ABSENT)
        if was is ABSENT and key[0] in _unset:
            was = _unset[key[0]]
        if was is not now and not _equal(was, now):
            found[key] = Change(was, now)
    return found


def differently(former: Mapping[Key, Change], present: Mapping[Key, Change], moved: Callable[[str], str]) -> bool:
    """Whether a module's new version sets something plain otherwise: who was executed after the old one may have read that."""
    for key in former.keys() | present.keys():
        was, now = (changed[key].after if key in changed else ABSENT for changed in (former, present))
        if not (_is_plain(was) and _is_plain(now)) or _equal(was, now):
            continue
        if not (isinstance(was, str) and _equal(moved(was), now)):
            return True
    return False


def _is_plain(value: Any) -> bool:
    if isinstance(value, tuple):
        return all(map(_is_plain, value))
    return value is ABSENT or value is None or isinstance(value, (str, bytes, int, float))


def take_back(key: Key, change: Change, now: Any, moved: Callable[[str], str]) -> bool:
    """Undoes what one module changed, and only that; False where there is no way to.

    `now` is the present value. Of lists the entries that were added are taken out, and those that were
    taken out are put in again; of whatever else was set the former value is set,
    unless somebody has set another since. `moved` says where a path of the release that the module was executed from lies now.
    """
    setter = _setters.get(key[0])
    if setter is None:
        return False
    if key[0] == "working directory":
        change = Change(moved(change.before), moved(change.after))
    if isinstance(change.after, list):
        before = [] if change.before is ABSENT else change.before
        added = [entry for entry in change.after if entry not in before]
        if key[0] == "search path":
            added += [moved(entry) for entry in added]
        kept = [entry for entry in now if entry not in added]
        for index, entry in enumerate(before):
            if entry not in change.after and entry not in kept:
                kept.insert(index, entry)
        setter(key, kept)
        return True
    if _equal(now, change.after):
        try:
            setter(key, change.before)
        except (OSError, ValueError):
            # A limit that was lowered for good, a directory that is gone.
            return False
        return True
    return _equal(now, change.before)


def put_back(key: Key, value: Any) -> None:
    """Sets one of them to what it was a moment ago."""
    if key[0] in _setters:
        with contextlib.suppress(OSError, ValueError):
            _setters[key[0]](key, value)


def words(key: Key) -> str:
    return " ".join(part for part in key if part)


_unset: Dict[str, Any] = {"log handlers": [], "log filters": [], "log level": (logging.NOTSET, True, False)}
_signals = [int(number) for number in signal.Signals if number not in (signal.SIGKILL, signal.SIGSTOP)]
# The one below the module's own, which makes enumerations of numbers.
_handler = getattr(signal, "_signal").getsignal


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


def _set_signal(key: Key, value: Any) -> None:
    signal.signal(int(key[1]), value)


def _set_limits(key: Key, value: Any) -> None:
    for which, limit in zip(_LIMITS, value):
        if resource.getrlimit(which) != limit:
            resource.setrlimit(which, limit)


def _mask(key: Key, value: Any) -> None:
    os.umask(value)


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
    "signal": _set_signal,
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
    "working directory": lambda key, value: os.chdir(value),
    "limits": _set_limits,
    "file mask": _mask,
}
