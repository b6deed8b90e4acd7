"""What a server calls."""

from __future__ import annotations

import importlib
import os
import sys
import threading
from typing import Any, Callable, Optional

from .agentlet.server import Server
from .gates.asgi import ASGIGate
from .gates.gate import ThreadGate
from .gates.work import Work
from .gates.wsgi import WSGIGate
from .project.discovery import discover
from .project.project import Project

_lock = threading.Lock()
_server: Optional[Server] = None
_work: Optional[ThreadGate] = None


def wsgi(application: str, *, root: Optional[str] = None) -> WSGIGate:
    """The WSGI application `module:attribute`, behind a gate.

    `root` is the release's directory or the link to it, where neither AGENT_DEPLOY_TARGET nor the working directory says that.
    """
    server, take = _serve(application, root, caller=sys._getframe(1).f_globals.get("__name__"))
    gate = ThreadGate()
    server.gates.add(gate)
    server.listen()
    return WSGIGate(gate, take, lambda: server.commit)


def asgi(application: str, *, root: Optional[str] = None) -> ASGIGate:
    """The ASGI application `module:attribute`, behind a gate. `root` as with `wsgi`."""
    server, take = _serve(application, root, caller=sys._getframe(1).f_globals.get("__name__"))
    gate = ASGIGate(take, lambda: server.commit)
    server.gates.add(gate)
    server.listen()
    return gate


def work(*, root: Optional[str] = None) -> Work:
    """Around one piece of work of a loop, or one request of a server without an application object: between two a reload may happen."""
    global _work
    server = _the_server(root)
    with _lock:
        if _work is None:
            _work = ThreadGate()
            server.gates.add(_work)
    server.listen()
    return Work(_work)


def start(*, root: Optional[str] = None) -> None:
    """Listens without any gate. Only the insides of functions can be exchanged then."""
    _the_server(root).listen()


def commit() -> str:
    """The commit that this process serves now: forty digits after a reload, the release's name's own before; empty where unknown."""
    return _the_server(None).commit


def _serve(application: str, root: Optional[str], caller: Any) -> "tuple[Server, Callable[[], Any]]":
    module, separator, attribute = application.partition(":")
    if not separator or not module or not attribute:
        raise ValueError(f"'{application}' is not of the form module:attribute")
    server = _the_server(root)
    if isinstance(caller, str) and caller != module:
        server.fixed.add(caller)
    server.entries.add(module)
    importlib.import_module(module)

    def take() -> Any:
        value: Any = sys.modules[module]
        for name in attribute.split("."):
            value = getattr(value, name)
        return value

    def check() -> None:
        if not callable(take()):
            raise TypeError(f"{application} is not callable")

    check()
    server.checks[application] = check
    return server, take


def _the_server(root: Optional[str]) -> Server:
    global _server
    with _lock:
        if _server is None or root is not None and not _server.gates.kinds and os.path.realpath(root) != _server.project.root:
            place = discover(root)
            _server = Server(Project(place.root, place.former))
        return _server


def look_early() -> None:
    """Has modules that are imported before the first call seen as they load, where it is known already which are the project's."""
    try:
        _the_server(None)
    except OSError:
        # Then the first call says where the project lies.
        return
