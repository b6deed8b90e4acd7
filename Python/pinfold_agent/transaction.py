"""A reload from its beginning to its end: prepared, swapped, kept; or as if it had not been."""

from __future__ import annotations

import os
from typing import Any, Callable, ContextManager, Dict, List, Optional, Set

from .project.project import Project
from .reasons import Refused
from .rehearsal.rehearsal import Rehearsal
from .tiers import caches
from .tiers.changes import Changes, compare
from .tiers.patching import Patch, Scan, Unfit
from .tiers.reloading import Swap, affected_by, move, not_on_stacks
from .tiers.undo import Undo

SAME, PATCHED, RELOADED = "same", "patched", "reloaded"


class Transaction:
    """Prepared while requests are served, unless `check` or the modules say otherwise; `swap` is called while none is.

    It is `PATCHED` without new module objects, `RELOADED` with, `SAME` where nothing that is loaded changes.
    """

    def __init__(self, project: Project, root: str, *, fixed: Set[str], entries: Set[str], gated: bool,
                 check: Optional[Callable[[], None]], still: Callable[[], ContextManager[None]], let_go: Callable[[], None],
                 seconds: float):
        """Raises Refused, and has changed nothing then."""
        self._project = project
        self._check = check
        self._undo = Undo()
        self._patch: Optional[Patch] = None
        self._swap: Optional[Swap] = None
        self._scan: Optional[Scan] = None
        self.swapped = False
        self.tier = SAME
        self.modules: List[str] = []
        self._caches: List[Any] = []
        self._wrote: Dict[str, Set[str]] = {}
        try:
            self._changes = compare(project, root)
            if self._changes.none:
                return
            why = self._prepare_patch(self._changes)
            if why is None:
                return
            if not gated:
                raise Refused(f"there is no gate at which requests could wait, so only the insides of functions can be exchanged; {why}")
            affected = affected_by(project, self._changes, fixed)
            affected, self._wrote = Rehearsal(project, fixed, entries, check, still, let_go, seconds).run(self._changes, affected)
            self._compile(affected)
            self._swap = Swap(project, self._changes, affected, fixed, entries)
            self._caches = caches.caches(caches.everything())
            self.tier, self.modules = RELOADED, sorted(affected)
        except BaseException:
            project.codes.clear()
            raise
        self._scan = Scan()

    def _compile(self, affected: Set[str]) -> None:
        """What will be executed, while requests are served still."""
        for name in affected & self._project.records.keys():
            record = self._project.records[name]
            file = os.path.join(self._changes.root, record.path)
            source = self._changes.sources.get(name, record.source)
            if name not in self._changes.removed:
                self._project.codes[file] = (source, self._project.code(record.path, source, file))

    def _prepare_patch(self, changes: Changes) -> Optional[str]:
        """None where a patch does it, else why not."""
        if not changes.only_sources:
            return f"{changes.data or ', '.join(sorted(changes.removed | changes.touched))} needs modules to be executed anew"
        try:
            self._patch = Patch(self._project, changes)
        except Unfit as error:
            return str(error)
        self.tier, self.modules = PATCHED, sorted(changes.sources)
        self._scan = Scan()
        return None

    def swap(self) -> None:
        """The new version is in. Raises Refused, and everything is as it was."""
        project, changes = self._project, self._changes
        since = self._scan.since() if self._scan is not None else []
        self.swapped = True
        self._remember(project)
        try:
            if self._swap is not None:
                not_on_stacks(project, self._swap.affected)
                project.sources = {
                    project.records[name].path: source for name, source in changes.sources.items() if name in project.records}
                project.watching = False
                self._swap.run(self._undo, self._check)
                for name, written in self._wrote.items():
                    if name in project.records:
                        project.records[name].wrote = written
                caches.clear(self._caches)
                caches.clear(caches.caches(since))
            else:
                if self._patch is not None:
                    self._patch.swap(self._undo, since)
                move(project, changes.root, project.modules(), self._undo)
                if self._check is not None:
                    self._check()
            project.digests = changes.digests
        except BaseException as error:
            self.revert()
            if isinstance(error, Refused):
                raise
            raise Refused(f"the check of the new version failed: {type(error).__name__}: {error}") from error
        finally:
            project.watching = True

    def _remember(self, project: Project) -> None:
        digests, sources = project.digests, project.sources

        def back() -> None:
            project.digests, project.sources = digests, sources

        self._undo.then(back)

    def revert(self) -> None:
        """Everything as it was before."""
        if self.swapped:
            self._undo.run()
            self.swapped = False
        self._end()

    def keep(self) -> None:
        """For good: the old version is let go of."""
        if self._patch is not None:
            self._patch.keep()
        for name, source in self._changes.sources.items():
            record = self._project.records.get(name)
            if record is not None and self._patch is not None:
                record.source = source
        self._undo = Undo()
        swap, self._swap = self._swap, None
        self._end()
        if swap is not None:
            swap.keep()
        self._project.lease()

    def _end(self) -> None:
        self._project.codes.clear()
        self._project.sources = {}
        scan, self._scan = self._scan, None
        if scan is not None:
            scan.end()


