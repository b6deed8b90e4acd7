"""Rehearses until nobody holds the old version, or somebody does who cannot be executed anew."""

from __future__ import annotations

from typing import Any, Callable, ContextManager, Dict, Optional, Set

from ..project.project import Project
from ..reasons import Refused
from ..tiers.caches import Caches
from ..tiers.changes import Changes, look_again
from ..tiers.reloading import affected_by, no_children, no_programs, not_on_stacks
from ..wire import decoded
from . import confinement, idle
from .trial import rehearse

ROUNDS = 12


class Rehearsal:
    """
    - `still`: a context in which no request is being served; the fork is made in it, since what runs on another thread's stack is held
      for ever in the child.
    - `let_go`: has the gates drop, in the child, what they hold of the old version.
    - `on_main`: whether the swap will be on the main thread, as all is in the child.
    """

    def __init__(self, project: Project, fixed: Set[str], entries: Set[str], check: Optional[Callable[[], None]],
                 still: Callable[[], ContextManager[None]], let_go: Callable[[], None], seconds: float,
                 on_main: bool):
        self._project = project
        self._fixed = fixed
        self._entries = entries
        self._check = check
        self._still = still
        self._let_go = let_go
        self._seconds = seconds
        self._on_main = on_main
        # Whether the old version is seen though nobody holds it, until it is collected.
        self.weakly = False

    def run(self, changes: Changes, affected: Set[str], caches: Caches) -> "tuple[Set[str], Dict[str, Set[str]]]":
        """The modules that have to be executed anew for the old version to be gone, and which of them write into which. Raises Refused."""
        if confinement.uses_gpu():
            raise Refused("the process uses a graphics processor, whose state does not survive the rehearsal in a fork")
        for _ in range(ROUNDS):
            said = self._round(changes, affected, caches)
            more = set(said["more"])
            # What requests imported meanwhile is of the old version, and nobody has compared it with the new one.
            if look_again(self._project, changes):
                more |= affected_by(self._project, changes, self._fixed)
            more -= affected
            if not more:
                self.weakly = bool(said["weakly"])
                return affected, {name: set(written) for name, written in said["wrote"].items()}
            affected = affected | more
        raise Refused("there is no end of modules that hold each other")

    def _round(self, changes: Changes, affected: Set[str], caches: Caches) -> Dict[str, Any]:
        with self._still():
            no_children()
            not_on_stacks(self._project, affected)
            no_programs(self._project, affected)
            left = idle.leftovers()
            answer = confinement.run(
                lambda: rehearse(
                    self._project, changes, affected, self._fixed, self._entries, self._check, self._let_go, left, self._on_main, caches),
                self._seconds)
            del left
        try:
            said: Dict[str, Any] = decoded(answer())
        except confinement.Died as error:
            raise Refused(str(error), file=next(iter(sorted(self._paths(changes))), None)) from error
        if "refused" in said:
            raise Refused.from_json(said)
        return said

    def _paths(self, changes: Changes) -> Set[str]:
        return {self._project.records[name].path for name in changes.sources}
