"""A reload from its beginning to its end: prepared, swapped, kept; or as if it had not been."""

from __future__ import annotations

import gc
import os
from dataclasses import replace
from typing import Any, Callable, ContextManager, Dict, List, Optional, Set

from .project.graph import dependencies, named_by
from .project.project import Project
from .reasons import Refused, refusal_of
from .rehearsal.rehearsal import Rehearsal
from .tiers.caches import Caches
from .tiers.changes import Changes, compare, look_again
from .tiers.patching import Patch, Scan, Unfit
from .tiers.reloading import Swap, affected_by, move, no_children, no_programs, not_on_stacks, spaces_of, suspended_in
from .tiers.undo import Undo

SAME, PATCHED, RELOADED = "same", "patched", "reloaded"


class Transaction:
    """Prepared while requests are served, unless `check` or the modules say otherwise; `swap` is called while none is.

    It is `PATCHED` without new module objects, `RELOADED` with, `SAME` where nothing that is loaded changes.
    """

    def __init__(self, project: Project, root: str, *, fixed: Set[str], entries: Set[str], gated: bool,
                 check: Optional[Callable[[], None]], still: Callable[[], ContextManager[None]], let_go: Callable[[], None],
                 seconds: float, on_main: bool = True):
        """`on_main` says whether `swap` is called on the main thread. Raises Refused, and has changed nothing then."""
        self._project = project
        self._fixed = fixed
        self._check = check
        self._undo = Undo()
        self._patch: Optional[Patch] = None
        self._swap: Optional[Swap] = None
        self._scan: Optional[Scan] = None
        self.swapped = False
        self.tier = SAME
        self.modules: List[str] = []
        self._caches: Optional[Caches] = None
        self._wrote: Dict[str, Set[str]] = {}
        self._weakly = False
        try:
            self._changes = compare(project, root)
            if self._changes.none:
                return
            # From here on: what is made while the version is rehearsed, a stream that begins, is seen by the swap.
            self._scan = Scan()
            why = self._prepare_patch(self._changes, self._scan, fixed)
            if why is None:
                return
            if not gated:
                raise Refused(f"there is no gate at which requests could wait, so only the insides of functions can be exchanged; {why}")
            affected = affected_by(project, self._changes, fixed)
            self._caches = self._scan.caches(project.records.keys())
            self._scan.seen()
            # Here and not in the rehearsal, which has it from here.
            self._compile(affected)
            rehearsal = Rehearsal(project, fixed, entries, check, still, let_go, seconds, on_main)
            rehearsed, self._wrote = rehearsal.run(self._changes, affected, self._caches)
            self._compile(rehearsed - affected)
            affected = rehearsed
            self._weakly = rehearsal.weakly
            self._swap = Swap(project, self._changes, affected, fixed, entries)
            self._swap.approach()
            self.tier, self.modules = RELOADED, sorted(affected)
        except BaseException:
            self._end()
            raise

    def _compile(self, affected: Set[str]) -> None:
        """What will be executed, while requests are served still."""
        for name in affected & self._project.records.keys():
            record = self._project.records[name]
            file = os.path.join(self._changes.root, record.path)
            source = self._changes.sources.get(name, record.source)
            if name not in self._changes.removed:
                try:
                    self._project.codes[file] = (source, self._project.code(record.path, source, file))
                except (SyntaxError, ValueError) as error:
                    # A module that was executed before anybody looked has what its file said a moment later.
                    raise refusal_of(error, self._changes.root) from error
                # A swap asks that of each.
                named_by(replace(record, source=source))

    def _prepare_patch(self, changes: Changes, scan: Scan, fixed: Set[str]) -> Optional[str]:
        """None where a patch does it, else why not."""
        if not changes.only_sources:
            return f"{changes.data or ', '.join(sorted(changes.removed | changes.touched))} needs modules to be executed anew"
        try:
            self._patch = Patch(self._project, changes, scan, fixed)
        except Unfit as error:
            return str(error)
        scan.seen()
        self.tier, self.modules = PATCHED, sorted(changes.sources)
        return None

    def swap(self) -> None:
        """The new version is in. Raises Refused, and everything is as it was."""
        project, changes = self._project, self._changes
        if self.tier != SAME:
            no_children()
        self._nothing_late()
        since = self._scan.since() if self._scan is not None else []
        self.swapped = True
        self._remember(project)
        try:
            if self._swap is not None:
                not_on_stacks(project, self._swap.affected)
                no_programs(project, self._swap.affected)
                self._not_suspended(project, self._swap.affected, since)
                project.watching = False
                self._swap.run(self._undo, self._check)
                for name, written in self._wrote.items():
                    if name in project.records:
                        project.records[name].wrote = written
                if self._caches is not None:
                    self._caches.clear(since, self._undo)
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

    def _nothing_late(self) -> None:
        """Raises Refused where a module was executed since, of the old version, that is another one in the new, or made of what is."""
        changes, project = self._changes, self._project
        late = set(look_again(project, changes))
        if not late:
            return
        if self._patch is not None:
            self._patch.still_fits()
        other = late & (changes.sources.keys() | changes.removed | changes.touched)
        exchanged = self._swap.affected if self._swap is not None else set()
        modules = project.modules()
        other |= {name for name in late - self._fixed if exchanged & dependencies(project, name, modules[name], modules)}
        for name in sorted(other - exchanged):
            raise Refused(
                f"{name} was imported while the new version was prepared, and is of the old one", file=project.file_of(name), holder=name)

    @staticmethod
    def _not_suspended(project: Project, affected: Set[str], since: List[Any]) -> None:
        """Raises Refused for a stream that began after the rehearsal, in the old version. `since` is brought up to date."""
        spaces = spaces_of(project, affected)
        if suspended_in(project, spaces, since) is None:
            return
        # One that nobody has any more may not have been collected yet. What was there before the scan is not looked through.
        since.clear()
        gc.collect()
        since += gc.get_objects()
        suspended = suspended_in(project, spaces, since)
        if suspended is not None:
            raise suspended

    def _remember(self, project: Project) -> None:
        digests, sources = project.digests, project.sources

        def back() -> None:
            project.digests, project.sources = digests, sources

        self._undo.then(back)

    def settle(self) -> None:
        """All of the new version is in. What others change from now on is theirs, and a way back leaves it."""
        self._undo.seal()

    def revert(self) -> None:
        """Everything as it was before."""
        if self.swapped:
            self._undo.run()
            self.swapped = False
        self._end()

    def keep(self) -> None:
        """For good: the old version is let go of, apart from what `end_old` ends once requests are served again."""
        if self._patch is not None:
            self._patch.keep()
        for name, source in self._changes.sources.items():
            record = self._project.records.get(name)
            if record is not None and self._patch is not None:
                record.source = source
        self._undo = Undo()
        self.swapped = False
        self._end()
        if self._swap is not None:
            self._swap.keep()
        if self._weakly:
            # The rehearsal has seen that it goes, and that there are not too many objects to look through.
            gc.collect()
        self._project.lease()

    def end_old(self) -> None:
        """After `keep`: what the old modules began ends, as far as they say how, and that takes as long as it takes."""
        swap, self._swap = self._swap, None
        if swap is not None:
            swap.end_old()

    def _end(self) -> None:
        self._project.codes.clear()
        self._project.sources = {}
        scan, self._scan = self._scan, None
        if scan is not None:
            scan.end()


