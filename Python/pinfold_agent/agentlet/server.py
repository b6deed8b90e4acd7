"""The process's reloads: one at a time, asked for over `PID.sock` in AGENT_DEPLOY_RELOAD_SOCKET."""

from __future__ import annotations

import contextlib
import os
import socket
import stat
import sys
import threading
import time
from typing import Any, Callable, Dict, Iterator, List, Optional, Set

from ..gates.asgi import ASGIGate
from ..gates.gate import Gates
from ..project.discovery import commit_of
from ..project.loading import Execution
from ..project.project import Project
from ..project.records import Record
from ..reasons import Refused
from ..transaction import Transaction
from .conversation import Conversation
from .lines import Lines

SOCKET = "AGENT_DEPLOY_RELOAD_SOCKET"
DRAIN = "AGENT_DEPLOY_RELOAD_DRAIN"
SECONDS_OF_REHEARSAL = 20.0
# What a swap may take with a new application's start, while requests wait: the daemon gives it ten.
SECONDS_OF_SWAP = 9.0
# A reload waits as long for the one before it, where that is over but for its end.
SECONDS_OF_ENDING = 30.0
# That a connection has ended is heard a moment after the next one may have begun.
SECONDS_OF_HEARING = 2.0
# Conversations at once: one reloads, others ask how it is.
MOST = 8


class Server:
    def __init__(self, project: Project, target: Optional[str] = None):
        """`target` is what the release was found by: it leads elsewhere once another one is deployed."""
        self.project = project
        self._target = target
        self.gates = Gates()
        self.commit = commit_of(project.root)
        self.drain = _seconds(os.environ.get(DRAIN), 5.0)
        # Modules that hold the application's place in the server, and the modules that the gates take it from.
        self.fixed: Set[str] = {"__main__"}
        self.entries: Set[str] = set()
        self.checks: Dict[str, Callable[[], None]] = {}
        self._busy = threading.Lock()
        # Whether a reload is over but for its end: the old version's, or the way back.
        self.ending = False
        self._forked = False
        self._rehearsing = False
        self._talks = threading.Semaphore(MOST)
        self._listener: Optional[socket.socket] = None
        os.register_at_fork(after_in_child=self._after_fork)

    # -- what a conversation asks

    def status(self) -> Dict[str, Any]:
        # In the order in which they began: in another one, a circle of imports may have no beginning.
        orders = {name: record.order for name, record in dict(self.project.records).items()}
        modules = sorted(self.project.modules(), key=lambda name: orders.get(name, sys.maxsize))
        return {
            "pid": os.getpid(), "commit": self.commit, "release": self.project.root, "modules": modules,
            "paths": self.project.search_path(), "gates": self.gates.kinds, "python": sys.executable, "busy": self._busy.locked(),
        }

    def begin(self) -> None:
        """One reload at a time. Raises Refused."""
        if self._forked:
            raise Refused(
                "this process was forked from one that had loaded the application (gunicorn --preload, multiprocessing): let each worker load it",
                holder=f"process {os.getpid()}")
        if not self._busy.acquire(timeout=SECONDS_OF_ENDING if self.ending else SECONDS_OF_HEARING):
            if self.ending:
                raise Refused("the end of the reload before this one takes long", holder=f"process {os.getpid()}")
            raise Refused("another reload is under way in this process", holder=f"process {os.getpid()}")

    def finish(self) -> None:
        self._busy.release()
        self.ending = False

    def prepare(self, release: str) -> Transaction:
        self.project.started = [gate.started for gate in self._asgi() if gate.started is not None]
        return Transaction(
            self.project, release, fixed=self.fixed, entries=self.entries, gated=bool(self.gates.kinds), check=self._check,
            still=self._still, let_go=self.gates.let_go, seconds=SECONDS_OF_REHEARSAL, on_main=self._on_main())

    def _on_main(self) -> bool:
        """Whether a swap is on the main thread, which alone may set handlers of signals."""
        found: List[int] = []
        self.gates.run(lambda: found.append(threading.get_ident()))
        return found == [threading.main_thread().ident]

    def hold(self) -> None:
        late = self.gates.hold(self.drain)
        if late is not None:
            raise Refused(f"{late} (AGENT_DEPLOY_RELOAD_DRAIN)", holder=f"process {os.getpid()}")

    def swap(self, transaction: Transaction) -> None:
        deadline = time.monotonic() + SECONDS_OF_SWAP
        self.gates.run(transaction.swap)
        if transaction.tier == "reloaded":
            try:
                for gate in self._asgi():
                    gate.start_new(max(deadline - time.monotonic(), 0.0))
            except Exception as error:
                self.revert(transaction)
                raise Refused(str(error)) from error
        self.gates.run(transaction.settle)

    def revert(self, transaction: Optional[Transaction]) -> None:
        for gate in self._asgi():
            gate.go_back()
        if transaction is not None:
            self.gates.run(transaction.revert)

    def keep(self, transaction: Transaction, commit: str) -> None:
        self.gates.run(transaction.keep)
        self.commit = commit

    def end_old(self, transaction: Transaction) -> None:
        """After `keep`, with the gates open."""
        self.gates.run(transaction.end_old)
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
        directory = os.environ.get(SOCKET)
        if not directory or self._listener is not None:
            return
        try:
            # A child of a loaded process is never reloaded, and only says so.
            if not self._forked:
                self.project.begin()
            self._listener = _bound(directory)
        except OSError as error:
            print(f"pinfold_agent: no reload without a restart: {SOCKET}={directory}: {error}", file=sys.stderr)
            return
        if not self._forked:
            self._catch_up()
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True, name="pinfold").start()

    def _catch_up(self) -> None:
        """Takes in what was deployed while this process started, after the daemon had asked who listens; or ends.

        The socket is there already: a daemon that switches from now on finds it, and waits until this is over.
        """
        try:
            while self._target is not None:
                release = os.path.realpath(self._target)
                if release == self.project.root or not os.path.isdir(release):
                    return
                for execution in Execution.under_way():
                    _same(execution.record, release)
                transaction = self.prepare(release)
                try:
                    self.hold()
                    self.swap(transaction)
                    self.keep(transaction, commit_of(release))
                except BaseException:
                    self.revert(transaction)
                    raise
                finally:
                    self.open()
                self.end_old(transaction)
                for execution in Execution.under_way():
                    execution.moved()
        except Exception as error:
            words = f"pinfold_agent: another version was deployed while this process started, and it cannot take it in: {error}"
            if threading.current_thread() is threading.main_thread():
                raise SystemExit(words) from error
            # Nobody else sees the end of a thread, and this process would serve what is not deployed.
            print(words, file=sys.stderr, flush=True)
            os._exit(1)

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
        if self._listener is not None or self.project.records.keys() - self.fixed:
            listener, self._listener = self._listener, None
            if listener is not None:
                listener.close()
            self.listen()


def _same(record: Record, release: str) -> None:
    """Raises Refused where a module that is being executed, and cannot be anew in the middle of that, is another there."""
    try:
        with open(os.path.join(release, record.path), "rb") as text:
            if text.read() == record.source:
                return
    except OSError:
        pass
    raise Refused(f"{record.name} differs, and is being executed", file=record.path, holder=record.name)


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
