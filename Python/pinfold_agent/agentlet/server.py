"""The process's reloads: one at a time, asked for over `PID.sock` in AGENT_DEPLOY_RELOAD_SOCKET."""

from __future__ import annotations

import contextlib
import os
import socket
import stat
import sys
import threading
from typing import Any, Callable, Dict, Iterator, Optional, Set

from ..gates.asgi import ASGIGate
from ..gates.gate import Gates
from ..project.discovery import commit_of
from ..project.project import Project
from ..reasons import Refused
from ..transaction import Transaction
from .conversation import Conversation
from .lines import Lines

SOCKET = "AGENT_DEPLOY_RELOAD_SOCKET"
DRAIN = "AGENT_DEPLOY_RELOAD_DRAIN"
SECONDS_OF_REHEARSAL = 20.0
# Conversations at once: one reloads, others ask how it is.
MOST = 8


class Server:
    def __init__(self, project: Project):
        self.project = project
        self.gates = Gates()
        self.commit = commit_of(project.root)
        self.drain = _seconds(os.environ.get(DRAIN), 5.0)
        # Modules that hold the application's place in the server, and the modules that the gates take it from.
        self.fixed: Set[str] = {"__main__"}
        self.entries: Set[str] = set()
        self.checks: Dict[str, Callable[[], None]] = {}
        self._busy = threading.Lock()
        self._forked = False
        self._rehearsing = False
        self._talks = threading.Semaphore(MOST)
        self._listener: Optional[socket.socket] = None
        os.register_at_fork(after_in_child=self._after_fork)

    # -- what a conversation asks

    def status(self) -> Dict[str, Any]:
        return {
            "pid": os.getpid(), "commit": self.commit, "release": self.project.root, "modules": sorted(self.project.modules()),
            "paths": self.project.search_path(), "gates": self.gates.kinds, "python": sys.executable, "busy": self._busy.locked(),
        }

    def begin(self) -> None:
        """One reload at a time. Raises Refused."""
        if self._forked:
            raise Refused(
                "this process was forked from one that had loaded the application (gunicorn --preload, multiprocessing): let each worker load it",
                holder=f"process {os.getpid()}")
        if not self._busy.acquire(blocking=False):
            raise Refused("another reload is under way in this process", holder=f"process {os.getpid()}")

    def finish(self) -> None:
        self._busy.release()

    def prepare(self, release: str) -> Transaction:
        return Transaction(
            self.project, release, fixed=self.fixed, entries=self.entries, gated=bool(self.gates.kinds), check=self._check,
            still=self._still, let_go=self.gates.let_go, seconds=SECONDS_OF_REHEARSAL)

    def hold(self) -> None:
        late = self.gates.hold(self.drain)
        if late is not None:
            raise Refused(f"{late} (AGENT_DEPLOY_RELOAD_DRAIN)", holder=f"process {os.getpid()}")

    def swap(self, transaction: Transaction) -> None:
        self.gates.run(transaction.swap)
        if transaction.tier != "reloaded":
            return
        try:
            for gate in self._asgi():
                gate.start_new()
        except Exception as error:
            self.revert(transaction)
            raise Refused(str(error)) from error

    def revert(self, transaction: Optional[Transaction]) -> None:
        for gate in self._asgi():
            gate.go_back()
        if transaction is not None:
            self.gates.run(transaction.revert)

    def keep(self, transaction: Transaction, commit: str) -> None:
        self.gates.run(transaction.keep)
        self.commit = commit
        for gate in self._asgi():
            gate.end_old()

    def open(self) -> float:
        return self.gates.open()

    def _asgi(self) -> Iterator[ASGIGate]:
        return (gate for gate in self.gates.all() if isinstance(gate, ASGIGate))

    def _check(self) -> None:
        for check in list(self.checks.values()):
            check()

    @contextlib.contextmanager
    def _still(self) -> Iterator[None]:
        """For a fork: nobody is inside, and the child does not take itself for a new server."""
        self.hold()
        self._rehearsing = True
        try:
            yield
        finally:
            self._rehearsing = False
            self.open()

    # -- the socket

    def listen(self) -> None:
        """Does nothing where no directory is configured; where there is one that cannot be used, the server serves and says so."""
        self.project.begin()
        directory = os.environ.get(SOCKET)
        if not directory or self._listener is not None:
            return
        try:
            self._listener = _bound(directory)
        except OSError as error:
            print(f"pinfold_agent: no reload without a restart: {SOCKET}={directory}: {error}", file=sys.stderr)
            return
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True, name="pinfold").start()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=self._talk, args=(connection,), daemon=True, name="pinfold reload").start()

    def _talk(self, connection: socket.socket) -> None:
        with connection, self._talks:
            lines = Lines(connection)
            if lines.is_trusted():
                Conversation(self, lines).run()

    def _after_fork(self) -> None:
        """A child that goes on serving has an application that no reload of its parent reaches: it says so, and is asked like the others."""
        if self._rehearsing:
            return
        self._forked = True
        self._busy = threading.Lock()
        self._talks = threading.Semaphore(MOST)
        if self._listener is not None:
            self._listener.close()
            self._listener = None
            self.listen()


def _bound(directory: str) -> socket.socket:
    os.makedirs(directory, mode=0o700, exist_ok=True)
    if not stat.S_ISDIR(os.lstat(directory).st_mode):
        raise NotADirectoryError("it is no directory")
    _sweep(directory)
    path = os.path.join(directory, f"{os.getpid()}.sock")
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        listener.bind(path)
        os.chmod(path, 0o600)
        listener.listen(16)
    except OSError:
        listener.close()
        raise
    return listener


def _sweep(directory: str) -> None:
    """Removes what processes left that are gone: nobody answers there any more."""
    for name in os.listdir(directory):
        number, _, kind = name.partition(".")
        if kind == "sock" and number.isdigit() and not os.path.exists(f"/proc/{number}"):
            with contextlib.suppress(OSError):
                os.unlink(os.path.join(directory, name))


def _seconds(text: Optional[str], default: float) -> float:
    try:
        value = float(text) if text else default
    except ValueError:
        return default
    return value if 0 <= value <= 3600 else default
