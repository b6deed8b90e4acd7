"""The gate of a loop that takes work from somewhere, and of servers without an application object."""

from __future__ import annotations

from typing import Any

from .gate import ThreadGate


class Work:
    """`with pinfold_agent.work():` around one piece of work: between two of them a new version may come in."""

    def __init__(self, gate: ThreadGate):
        self._gate = gate

    def __enter__(self) -> "Work":
        self._gate.enter()
        return self

    def __exit__(self, *error: Any) -> None:
        self._gate.leave()
