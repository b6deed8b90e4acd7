"""What a server calls."""

from __future__ import annotations

import importlib
import os
import sys
import threading
from types import FrameType
from typing import Any, Callable, Optional

from .agentlet.server import SOCKET, Server
from .gates.asgi import ASGIGate
from .gates.gate import ThreadGate
from .gates.work import Work
from .gates.wsgi import WSGIGate
from .project.discovery import discover
from .project.names import is_own
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
    gate = ASGIGate(take, lambda: server.commit, server.project.running)
    server.gates.add(gate)
    server.listen()
    return gate


def work(*, root: Optional[str] = None) -> Work:
    """Around one piece of work of a loop, or one request of a server without an application object: between two a reload may happen."""
    global _work
    server = _the_server(root)
    _look_no_more(server.project)
    with _lock:
        if _work is None:
            _work = ThreadGate()
            server.gates.add(_work)
    server.listen()
    return Work(_work)


def start(*, root: Optional[str] = None) -> None:
    """Listens without any gate. Only the insides of functions can be exchanged then."""
    server = _the_server(root)
    _look_no_more(server.project)
    server.listen()


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
    _look_no_more(server.project)

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
            _server = Server(Project(place.root, place.former), place.target)
        return _server


def look_early() -> None:
    """Has modules that are imported before the first call seen as they load, where it is known already which are the project's.

    What else the module does that imports this one, the program, is seen too where reloads are asked for, until it calls something here.
    """
    try:
        project = _the_server(None).project
    except OSError:
        # Then the first call says where the project lies.
        return
    frame: Optional[FrameType] = sys._getframe(1)
    while frame is not None and (is_own(frame.f_globals.get("__name__", "")) or "importlib" in frame.f_code.co_filename):
        frame = frame.f_back
    record = project.records.get(frame.f_globals.get("__name__", "")) if frame is not None else None
    if frame is not None and record is not None and os.environ.get(SOCKET):
        record.running = project.running(record.ran, frame.f_code)
        record.running.begin()


def _look_no_more(project: Project) -> None:
    """The program serves from here on, and is not slowed down."""
    record = project.records.get("__main__")
    if record is not None and record.running is not None:
        record.running.end()
