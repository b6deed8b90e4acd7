"""A gate: open, or closed for a moment, with a count of those inside."""

from __future__ import annotations

import threading
import time
from typing import Any, Callable, Dict, List, Optional, Protocol


class Gate(Protocol):
    """What the agentlet does with any of them, from its own thread."""

    kind: str

    def hold(self, seconds: float) -> Optional[str]:
        """Closes it and waits until nobody is inside; what is still inside after that time, in words, or None. It stays closed."""

    def open(self) -> None:
        """Lets those in who wait."""

    def run(self, body: Callable[[], None]) -> None:
        """Runs it where nothing else of the application's runs, and passes on what it raises."""

    def let_go(self) -> None:
        """In a rehearsal: drops what it holds of the application."""


class ThreadGate:
    """For servers that serve requests on threads."""

    kind = "threads"

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._closed = False
        self._inside: Dict[int, int] = {}

    def enter(self) -> None:
        """Waits while the gate is closed. A thread that is inside already comes in at once: it would wait for itself."""
        me = threading.get_ident()
        with self._condition:
            self._condition.wait_for(lambda: not self._closed or me in self._inside)
            self._inside[me] = self._inside.get(me, 0) + 1

    def leave(self) -> None:
        me = threading.get_ident()
        with self._condition:
            self._inside[me] -= 1
            if self._inside[me] == 0:
                del self._inside[me]
                self._condition.notify_all()

    def hold(self, seconds: float) -> Optional[str]:
        with self._condition:
            self._closed = True
            if self._condition.wait_for(lambda: not self._inside, seconds):
                return None
            return f"{len(self._inside)} requests did not end within {seconds:.3g} s"

    def open(self) -> None:
        with self._condition:
            self._closed = False
            self._condition.notify_all()

    def run(self, body: Callable[[], None]) -> None:
        body()

    def let_go(self) -> None:
        pass


class Gates:
    """All gates of the process, held together."""

    def __init__(self) -> None:
        self._gates: List[Any] = []
        self.closed_at: Optional[float] = None

    def add(self, gate: Gate) -> None:
        self._gates.append(gate)

    @property
    def kinds(self) -> List[str]:
        return [gate.kind for gate in self._gates]

    def hold(self, seconds: float) -> Optional[str]:
        """All closed and empty, or all open again and in words who was inside."""
        self.closed_at = time.monotonic()
        deadline = self.closed_at + seconds
        try:
            for gate in self._gates:
                late = gate.hold(max(deadline - time.monotonic(), 0))
                if late is not None:
                    self.open()
                    return str(late)
        except BaseException:
            # A loop that does not come to it: what it may have closed is opened as soon as it does.
            self.open()
            raise
        return None

    def open(self) -> float:
        """Seconds that they were closed."""
        for gate in self._gates:
            gate.open()
        closed, self.closed_at = self.closed_at, None
        return 0.0 if closed is None else time.monotonic() - closed

    def run(self, body: Callable[[], None]) -> None:
        """On the event loop's thread where there is one."""
        for gate in self._gates:
            if gate.kind == "asgi":
                return gate.run(body)  # type: ignore[no-any-return]
        return body()

    def let_go(self) -> None:
        for gate in self._gates:
            gate.let_go()

    def all(self) -> List[Any]:
        return list(self._gates)
