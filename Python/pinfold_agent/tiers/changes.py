"""What a release changes in the modules that are loaded, and what it changes that cannot be taken in at all."""

from __future__ import annotations

import os
import re
import sys
from dataclasses import dataclass, field
from types import FunctionType
from typing import Any, Dict, Iterable, List, Set

from ..project.graph import imports_of
from ..project.names import names_of, prefixes
from ..project.project import Project
from ..project.records import Record
from ..project.tree import Digests, is_library
from ..reasons import Refused, refusal_of
from . import caches

# They say what is installed, and a process has that imported.
INSTALLED = {
    "requirements.txt", "pyproject.toml", "setup.py", "setup.cfg", "poetry.lock", "uv.lock", "pdm.lock", "Pipfile", "Pipfile.lock",
    "environment.yml", "constraints.txt", ".python-version",
}
EXTENSIONS = (".so", ".pyd", ".pyc")
# By these a module finds others that nobody names.
FINDERS = (b"import_module", b"__import__", b"pkgutil", b"iter_modules", b"walk_packages", b"listdir", b"scandir", b"glob", b"iterdir", b"os.walk")
# By these a module executes a file that no import names.
LOADERS = re.compile(rb"runpy|spec_from_file_location|SourceFileLoader|load_source|from_pyfile|(?<![\w.])exec\(")


@dataclass
class Changes:
    root: str
    digests: Digests
    # Loaded modules with other text, by name.
    sources: Dict[str, bytes] = field(default_factory=dict)
    removed: Set[str] = field(default_factory=set)
    # Loaded modules whose text is the same, and that come out otherwise all the same: what they looked for appeared, or went.
    touched: Set[str] = field(default_factory=set)
    # Files that are not Python, or read as they are, and changed: any module may have read them.
    read: Set[str] = field(default_factory=set)
    # The modules that were looked at, with the order of the execution: its record would hold what it set.
    looked_at: Dict[str, int] = field(default_factory=dict)

    @property
    def data(self) -> str:
        return min(self.read, default="")

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
            changes.read.add(path)
    loaded = {record.path: record for name, record in project.records.items() if name in sys.modules}
    for name in project.modules():
        _look_at(project, name, changes)
    unloaded = [path for path in sorted(different) if path.endswith(".py") and path not in loaded]
    for path in unloaded:
        _unloaded(project, path, loaded, changes)
        if path not in project.digests:
            _takes_a_place(project, path, changes)
    _loaded_by_hand(project, set(unloaded) & project.digests.keys(), changes)
    _named_after(project, project.modules(), changes)
    return changes


def look_again(project: Project, changes: Changes) -> List[str]:
    """Modules that were executed since, of the release that is loaded: a request imports one late. Raises Refused as `compare` does."""
    records = list(project.records.items())
    late = [name for name, record in records if changes.looked_at.get(name) != record.order and name in sys.modules]
    for name in late:
        _look_at(project, name, changes)
    _named_after(project, late, changes)
    return late


def _look_at(project: Project, name: str, changes: Changes) -> None:
    record = project.records.get(name)
    if record is None:
        return
    changes.looked_at[name] = record.order
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
            changes.read.add(path)
    if named:
        return
    changes.touched |= {record.name for record in loaded.values() if LOADERS.search(record.source)}
    if not appeared and not gone:
        return
    if any(os.path.dirname(other) == directory or inside_package(directory, other) for other in loaded):
        for record in loaded.values():
            if any(finder in record.source for finder in FINDERS):
                changes.touched.add(record.name)


def _loaded_by_hand(project: Project, paths: Set[str], changes: Changes) -> None:
    """Files that changed or went, and that something was made of though no import loaded them: a plugin, a configuration."""
    if not paths:
        return
    modules = project.modules()
    files = {names_of(module).get("__file__"): name for name, module in modules.items() if name not in project.records}
    functions = (value for value in caches.everything() if type(value) is FunctionType)
    # By whatever path: one that is relative is so to the working directory, which is the release's.
    made = {function.__code__.co_filename for function in functions}
    for path in sorted(paths):
        names = {files[file] for file in files if isinstance(file, str) and _is_at(project, file, path)}
        changes.touched |= names
        if not names and any(file.endswith(path) and _is_at(project, file, path) for file in made):
            changes.read.add(path)


def _is_at(project: Project, file: str, path: str) -> bool:
    place = project.place_of(os.path.normpath(os.path.join(project.root, file)))
    return place is not None and place[1] == path


def _takes_a_place(project: Project, path: str, changes: Changes) -> None:
    """A file that appears may be found where another module of its name is loaded. Raises Refused where that is a library's."""
    stem = path[: -len("/__init__.py")] if path.endswith("/__init__.py") else path[: -len(".py")]
    for entry in project.search_path():
        if entry and not stem.startswith(entry + "/"):
            continue
        name = (stem[len(entry) + 1 :] if entry else stem).replace("/", ".")
        module = sys.modules.get(name)
        if module is None or name == "__main__":
            continue
        record = project.records.get(name)
        if record is not None or project.owns(name, module):
            # A package is found before a module of its name.
            if record is None or record.path != stem + "/__init__.py":
                changes.touched.add(name)
        elif "." not in name and _is_before(os.path.join(project.root, entry).rstrip("/"), module):
            raise Refused(f"a file appears that takes the place of {name}, a library that is loaded", file=path, holder=name)


def _is_before(entry: str, module: Any) -> bool:
    """Whether a directory comes before the one that a library was found in; what is built in comes before all."""
    file = names_of(module).get("__file__")
    if getattr(names_of(module).get("__spec__"), "origin", None) in ("built-in", "frozen"):
        return False
    places = (os.path.dirname(file), os.path.dirname(os.path.dirname(file))) if isinstance(file, str) else ()
    return next((place == entry for place in sys.path if place == entry or place in places), True)


def inside_package(directory: str, path: str) -> bool:
    return directory != "" and path.startswith(directory.split("/")[0] + "/")


def _mentions(record: Record, dotted: str, everything: bool) -> bool:
    """Whether a module imports the one that a file is, at whatever depth the search path begins."""
    for base, attribute in imports_of(record, everything):
        for name in prefixes(base) + ([f"{base}.{attribute}"] if attribute is not None else []):
            if dotted == name or dotted.endswith("." + name):
                return True
    return False


def _named_after(project: Project, modules: Iterable[str], changes: Changes) -> None:
    """Modules that keep the name of the release that they were executed from, as what is served, come out otherwise from another one."""
    old, new = os.path.basename(project.root), os.path.basename(changes.root)
    if old == new:
        return
    words = {old, old.partition("-")[2]} - {""}
    words = {word for word in words if len(word) >= 7}
    for name in modules:
        for key, value in list(names_of(sys.modules.get(name)).items()):
            if isinstance(value, str) and not key.startswith("__") and value in words:
                changes.touched.add(name)


