"""What a release changes in the modules that are loaded, and what it changes that cannot be taken in at all."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, field
from typing import Dict, Set

from ..project.graph import imports_of
from ..project.names import names_of, prefixes
from ..project.project import Project
from ..project.records import Record
from ..project.tree import Digests, is_library
from ..reasons import Refused, refusal_of

# They say what is installed, and a process has that imported.
INSTALLED = {
    "requirements.txt", "pyproject.toml", "setup.py", "setup.cfg", "poetry.lock", "uv.lock", "pdm.lock", "Pipfile", "Pipfile.lock",
    "environment.yml", "constraints.txt", ".python-version",
}
EXTENSIONS = (".so", ".pyd", ".pyc")
# By these a module finds others that nobody names.
FINDERS = (b"import_module", b"__import__", b"pkgutil", b"iter_modules", b"walk_packages", b"listdir", b"scandir", b"glob", b"iterdir", b"os.walk")


@dataclass
class Changes:
    root: str
    digests: Digests
    # Loaded modules with other text, by name.
    sources: Dict[str, bytes] = field(default_factory=dict)
    removed: Set[str] = field(default_factory=set)
    # Loaded modules whose text is the same, and that come out otherwise all the same: what they looked for appeared, or went.
    touched: Set[str] = field(default_factory=set)
    # A file that is not Python changed, and any module may have read it.
    data: str = ""

    @property
    def only_sources(self) -> bool:
        return not (self.removed or self.touched or self.data)

    @property
    def none(self) -> bool:
        return self.only_sources and not self.sources


def compare(project: Project, root: str) -> Changes:
    """The release at `root` against what is loaded.

    Raises Refused for what no reload can bring: installed packages, compiled code, a syntax error.
    """
    digests = project.trees.digests(root)
    changes = Changes(root, digests)
    different = {path for path in project.digests.keys() | digests.keys() if project.digests.get(path) != digests.get(path)}
    for path in sorted(different):
        name = os.path.basename(path)
        if is_library(path):
            raise Refused("an installed package changed, and packages are loaded once in a process", file=path)
        if name in INSTALLED or name.startswith("requirements") and name.endswith((".txt", ".in")):
            raise Refused("what is installed may have changed, and packages are loaded once in a process", file=path)
        if name.endswith(EXTENSIONS):
            raise Refused("compiled code changed, and it cannot be loaded twice in a process", file=path)
        if not name.endswith(".py"):
            changes.data = changes.data or path
    loaded = {record.path: record for name, record in project.records.items() if name in sys.modules}
    for name in project.modules():
        _look_at(project, name, changes)
    for path in sorted(different):
        if path.endswith(".py") and path not in loaded:
            _unloaded(project, path, loaded, changes)
    _named_after(project, changes)
    return changes


def _look_at(project: Project, name: str, changes: Changes) -> None:
    record = project.records.get(name)
    if record is None:
        return
    file = os.path.join(changes.root, record.path)
    try:
        with open(file, "rb") as text:
            source = text.read()
    except FileNotFoundError:
        if name == "__main__":
            raise Refused("the program itself is gone from the new version, and it cannot be started twice in a process", file=record.path)
        changes.removed.add(name)
        return
    if source == record.source:
        return
    try:
        code = compile(source, file, "exec", dont_inherit=True)
    except (SyntaxError, ValueError) as error:
        raise refusal_of(error, changes.root) from error
    project.codes[file] = (source, code)
    changes.sources[name] = source


def _unloaded(project: Project, path: str, loaded: Dict[str, Record], changes: Changes) -> None:
    """A Python file that is not loaded appeared, changed or went: who would have loaded or read it?"""
    appeared = path not in project.digests
    gone = path not in changes.digests
    stem = path[: -len("/__init__.py")] if path.endswith("/__init__.py") else path[: -len(".py")]
    base = os.path.basename(path).encode()
    dotted = stem.replace("/", ".")
    directory = os.path.dirname(stem)
    named = False
    for record in loaded.values():
        imported = _mentions(record, dotted, everything=True)
        named = named or imported
        if appeared and imported and _mentions(record, dotted, everything=False):
            # It was asked for in vain, or something else of that name was found.
            changes.touched.add(record.name)
        if base != b"__init__.py" and base in record.source:
            # It is read by its name, as a configuration is.
            changes.data = changes.data or path
    if not appeared and not gone or named or not directory and not stem:
        return
    if any(os.path.dirname(other) == directory or inside_package(directory, other) for other in loaded):
        for record in loaded.values():
            if any(finder in record.source for finder in FINDERS):
                changes.touched.add(record.name)


def inside_package(directory: str, path: str) -> bool:
    return directory != "" and path.startswith(directory.split("/")[0] + "/")


def _mentions(record: Record, dotted: str, everything: bool) -> bool:
    """Whether a module imports the one that a file is, at whatever depth the search path begins."""
    for base, attribute in imports_of(record, everything):
        for name in prefixes(base) + ([f"{base}.{attribute}"] if attribute is not None else []):
            if dotted == name or dotted.endswith("." + name):
                return True
    return False


def _named_after(project: Project, changes: Changes) -> None:
    """Modules that keep the name of the release that they were executed from, as what is served, come out otherwise from another one."""
    old, new = os.path.basename(project.root), os.path.basename(changes.root)
    if old == new:
        return
    words = {old, old.partition("-")[2]} - {""}
    words = {word for word in words if len(word) >= 7}
    for name, module in project.modules().items():
        for key, value in list(names_of(module).items()):
            if isinstance(value, str) and not key.startswith("__") and value in words:
                changes.touched.add(name)


