"""The project: where it lies, which of the process's modules are its own, and how they are loaded."""

from __future__ import annotations

import importlib
import importlib.machinery
import os
import sys
from types import CodeType, ModuleType
from typing import Any, Dict, Iterable, List, Optional, Set, Tuple

from . import graph, loading
from .contents import Contents, contents
from .names import is_own, names_of
from .records import Record
from .running import Running
from .tree import Digests, Trees, inside, is_library


class Project:
    """One per process.

    Its modules are loaded through `loading`, which notes what they do. Paths are those of the release's own directory, never of a link
    that leads to it: a module that is imported late then belongs to the version that the others are of.
    """

    def __init__(self, root: str, former: Optional[str] = None):
        self.root = root
        # All directories that modules of this process were executed from.
        self.roots = {root}
        self.records: Dict[str, Record] = {}
        self.trees = Trees()
        # Of the files of the release that is loaded, from `begin` on.
        self.digests: Digests = {}
        # Source and code of a version that is about to be loaded, by path in the release: what was looked at is what is executed.
        self.sources: Dict[str, bytes] = {}
        self.codes: Dict[str, Tuple[bytes, CodeType]] = {}
        # Whether it is noted which modules write into which: not while requests wait, the rehearsal has noted it then.
        self.watching = True
        # What ran at the starts of the applications that serve.
        self.started: List[Running] = []
        self._contents: Dict[str, Contents] = {}
        self._leases: Dict[str, int] = {}
        self._begun = 0
        if former is not None and former != root:
            self.roots.add(former)
            self.pin(former)
        self.pin(root)
        loading.install(self)
        self._find()

    def begin(self) -> None:
        """Looks at the release's files: what a later one changes is told against these."""
        if self.root == "/":
            raise ValueError("the project's directory would be /: set AGENT_DEPLOY_TARGET, or give `root`")
        if not self.digests:
            self.digests = self.trees.digests(self.root)
            self.lease()

    # -- which modules

    def place_of(self, path: str) -> Optional[Tuple[str, str]]:
        """The release that a path lies in, and the path in it; nil for what is not the project's."""
        # Most paths are a library's: asked of every module that is loaded, at once.
        if not path.startswith(tuple(self.roots)):
            return None
        for root in self.roots:
            if inside(path, root) and not is_library(path[len(root) :]):
                return root, path[len(root) + 1 :]
        return None

    def modules(self) -> Dict[str, ModuleType]:
        """The loaded modules of the project by name, in the order in which they were imported."""
        found: Dict[str, ModuleType] = {}
        roots = tuple(self.roots)
        for name, module in list(sys.modules.items()):
            # Most are a library's, and requests may wait for this.
            file = vars(module).get("__file__") if isinstance(module, ModuleType) else None
            if isinstance(file, str) and not file.startswith(roots) and name not in self.records:
                continue
            if self.owns(name, module):
                found[name] = module
        return found

    def loaded(self, names: Iterable[str]) -> Dict[str, ModuleType]:
        """Those of `modules` that have these names, without a look at the others."""
        found = {name: sys.modules.get(name) for name in names}
        return {name: module for name, module in found.items() if module is not None and self.owns(name, module)}

    def _find(self) -> None:
        """Notes the modules that are there already, by whatever link they were reached, and has their paths name the release itself."""
        for name, module in list(sys.modules.items()):
            names = names_of(module)
            file = names.get("__file__")
            real = os.path.realpath(file) if isinstance(file, str) else None
            if real is not None and self.place_of(real) is not None and not is_own(name):
                names["__file__"] = real
                if isinstance(names.get("__path__"), list):
                    names["__path__"][:] = [os.path.realpath(entry) for entry in names["__path__"]]
                self._adopt(name, module)

    def owns(self, name: str, module: Any) -> bool:
        if name in self.records:
            return True
        if is_own(name):
            return False
        names = vars(module) if isinstance(module, ModuleType) else {}
        file = names.get("__file__")
        paths = [file] if isinstance(file, str) else list(names.get("__path__", []))
        return any(isinstance(path, str) and self.place_of(path) is not None for path in paths)

    def space_of(self, name: str) -> Dict[str, Any]:
        """The names that a loaded module's text was executed in: what its functions have, whatever it put in its place since."""
        record = self.records.get(name)
        if record is not None and record.names is not None:
            return record.names
        return names_of(sys.modules[name])

    def file_of(self, name: str) -> Optional[str]:
        """The path in the release of a module's file; nil for a package without one."""
        record = self.records.get(name)
        return None if record is None else record.path

    def _adopt(self, name: str, module: ModuleType) -> None:
        """Notes a module that was executed before anybody looked."""
        file = vars(module).get("__file__")
        place = self.place_of(file) if isinstance(file, str) else None
        if place is None or not place[1].endswith(".py"):
            return
        root, path = place
        try:
            with open(os.path.join(root, path), "rb") as source:
                self.records[name] = Record(name, root, path, source.read(), self.next_order(), seen=False)
            if name == "__main__":
                spec = vars(module).get("__spec__")
                self.records[name].parent = vars(module).get("__package__") or "" if spec is None else spec.parent
        except OSError:
            return

    def look_at(self, names: Iterable[str]) -> Set[str]:
        """Notes what modules hold now; those that hold something else than when they were last looked at."""
        found: Set[str] = set()
        for name in names:
            if name not in sys.modules:
                continue
            now = contents(sys.modules[name], self.records)
            if name in self._contents and self._contents[name] != now:
                found.add(name)
            self._contents[name] = now
        return found

    def written_by(self, name: str) -> Set[str]:
        """The modules that the one wrote into which has just been executed."""
        self._contents.pop(name, None)
        self.look_at([name])
        return self.look_at(graph.reached(self, name))

    # -- where it lies

    def pin(self, root: str) -> None:
        """Has every path of the interpreter that leads into `root`, by whatever link, name the project's own directory."""
        for index, entry in enumerate(sys.path):
            real = os.path.realpath(entry)
            if inside(real, root) and not is_library(real[len(root) :]):
                sys.path[index] = self.root + real[len(root) :]
        sys.path_importer_cache.clear()

    def moved(self, path: str) -> str:
        """Where a path of any of its releases lies in the present one."""
        if self.place_of(path) is None:
            return path
        return next(self.root + path[len(root) :] for root in self.roots if inside(path, root))

    def search_path(self) -> List[str]:
        """The entries of the interpreter's search path that lie in the release, relative to it."""
        return [entry[len(self.root) + 1 :] for entry in sys.path if self.place_of(entry) is not None and inside(entry, self.root)]

    def lease(self) -> None:
        """Keeps each release open that a loaded module was executed from: its strings may name it, so it must not be removed."""
        wanted = {record.root for name, record in self.records.items() if name in sys.modules} | {self.root}
        for root in wanted - self._leases.keys():
            try:
                self._leases[root] = os.open(root, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
            except OSError:
                continue
        for root in self._leases.keys() - wanted:
            os.close(self._leases.pop(root))
        # Nothing can be loaded any more from what is gone, and no module's code is of it.
        wanted |= {record.patched for name, record in self.records.items() if name in sys.modules}
        self.roots = {root for root in self.roots if root in wanted or os.path.isdir(root)}

    # -- loading

    def running(self, ran: Optional[Dict[int, CodeType]] = None, until: Optional[CodeType] = None) -> Running:
        """To note which of its functions run while something is made of them."""
        return Running(tuple(root + "/" for root in self.roots), {} if ran is None else ran, until)

    def ran(self) -> List[Dict[int, CodeType]]:
        """The code of functions that ran while something was made of them that is there still, by identity."""
        return [*(record.ran for record in self.records.values()), *(running.ran for running in self.started)]

    def next_order(self) -> int:
        self._begun += 1
        return self._begun

    def source(self, path: str) -> bytes:
        """The text of a file of the version that is about to be loaded; read once."""
        known = self.sources.get(path)
        if known is not None:
            return known
        with open(os.path.join(self.root, path), "rb") as file:
            return file.read()

    def code(self, path: str, source: bytes, file: str) -> CodeType:
        """Compiled from the bytes and never from a cache by time: a source of the same second and size would read the old one."""
        known = self.codes.get(file)
        if known is not None and known[0] == source:
            return known[1]
        code: CodeType = compile(source, file, "exec", dont_inherit=True)
        return code


def refresh_finders() -> None:
    sys.path_importer_cache.clear()
    importlib.invalidate_caches()
