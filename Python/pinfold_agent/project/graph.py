"""Which modules are made of which others: what has to be executed anew when some are."""

from __future__ import annotations

from functools import lru_cache
from types import BuiltinFunctionType, FunctionType, ModuleType
from typing import TYPE_CHECKING, Any, Dict, FrozenSet, Iterable, Optional, Set, Tuple

from . import syntax
from .names import names_of, prefixes
from .records import Record

if TYPE_CHECKING:
    from .project import Project


def dependencies(project: "Project", name: str, module: Any, known: Iterable[str]) -> Set[str]:
    """Modules among `known` that this one takes something of while it is executed.

    By its text, by what its names hold, by whom it led to, and by whose functions ran meanwhile.
    """
    known = set(known)
    record = project.records.get(name)
    found = {holder for value in list(names_of(module).values()) for holder in _origins(value, name)}
    own = set(prefixes(name))
    taken: Set[str] = set()
    if record is not None:
        for base, attribute in imports_of(record):
            found.update(prefixes(base))
            if attribute is not None:
                found.add(f"{base}.{attribute}")
                # The name of a package of its own that is no module of it is taken from the package's own code.
                if base in own and base != name and f"{base}.{attribute}" not in known:
                    taken.add(base)
        found |= record.led_to
        by_file = {other.path: key for key, other in project.records.items()}
        for code in record.ran.values():
            place = project.place_of(code.co_filename)
            if place is not None and place[1] in by_file:
                found.add(by_file[place[1]])
        texts, chains = read_by(record)
        # `from_object("srv.config")`, as frameworks have it.
        found |= {text.partition(":")[0] for text in texts} & known
        for chain in chains:
            # `srv.LIMIT`, of a package of its own: what is no module of it is the package's.
            bases = [length for length in range(1, len(chain)) if ".".join(chain[:length]) in own - {name}]
            if bases and ".".join(chain[:bases[-1] + 1]) not in known:
                taken.add(".".join(chain[:bases[-1]]))
    return ((found - own) | taken) & known - {name}


def read_by(record: Record) -> "Tuple[FrozenSet[str], FrozenSet[Tuple[str, ...]]]":
    """The texts that a module has where it is executed, and the names that it reads there."""
    ran = frozenset((code.co_name, code.co_firstlineno) for code in record.ran.values())
    try:
        return _read(record.source, ran)
    except SyntaxError:
        return frozenset(), frozenset()


@lru_cache(maxsize=4096)
def _read(source: bytes, ran: "FrozenSet[Tuple[str, int]]") -> "Tuple[FrozenSet[str], FrozenSet[Tuple[str, ...]]]":
    return frozenset(syntax.texts(source, set(ran))), frozenset(syntax.read_outside(source, set(ran)))


def imports_of(record: Record, everything: bool = False) -> Set[syntax.Import]:
    """What a module imports while it is executed, or at all."""
    ran = frozenset() if everything else frozenset((code.co_name, code.co_firstlineno) for code in record.ran.values())
    try:
        return _imports(record.source, record.package, None if everything else ran)
    except SyntaxError:
        return set()


@lru_cache(maxsize=4096)
def _imports(source: bytes, package: str, ran: "Optional[FrozenSet[Tuple[str, int]]]") -> Set[syntax.Import]:
    return syntax.imports(source, package, None if ran is None else set(ran))


def reached(project: "Project", name: str) -> Set[str]:
    """The loaded modules of the project that one imports, and that those import, to the end."""
    found: Set[str] = set()
    pending = [name]
    while pending:
        record = project.records.get(pending.pop())
        if record is None:
            continue
        for other in named_by(record):
            if other in project.records and other not in found:
                found.add(other)
                pending.append(other)
    return found - {name}


def named_by(record: Record) -> FrozenSet[str]:
    """All that may be a module in what one imports, sooner or later."""
    try:
        return _named(record.source, record.package)
    except SyntaxError:
        return frozenset()


@lru_cache(maxsize=4096)
def _named(source: bytes, package: str) -> FrozenSet[str]:
    found: Set[str] = set()
    for base, attribute in _imports(source, package, None):
        found.update(prefixes(base))
        if attribute is not None:
            found.add(f"{base}.{attribute}")
    return frozenset(found)


def dependants(project: "Project", modules: Dict[str, ModuleType], names: Set[str], fixed: Set[str]) -> Set[str]:
    """`names` and all that is made of them, to the end; never those that are `fixed`."""
    wrote = {name: project.records[name].wrote & modules.keys() - fixed for name in modules if name in project.records}
    needs = {name: dependencies(project, name, module, modules) for name, module in modules.items() if name not in fixed}
    found = set(names)
    while True:
        more = {name for name, needed in needs.items() if name not in found and needed & found}
        # What they wrote into others, the next version may not write any more.
        more |= {name for writer in found for name in wrote.get(writer, ())} - found
        if not more:
            return found
        found |= more


def _origins(value: Any, owner: str) -> Tuple[str, ...]:
    """The modules that a value comes from."""
    if isinstance(value, ModuleType):
        # A package's submodules are put into it by the import system, not taken by it.
        return () if value.__name__.rpartition(".")[0] == owner else (value.__name__,)
    if isinstance(value, (type, FunctionType, BuiltinFunctionType)):
        return (_text(getattr(value, "__module__", None)),)
    return (_text(getattr(type(value), "__module__", None)), _text(getattr(_unwrapped(value), "__module__", None)))


def _unwrapped(value: Any) -> Optional[Any]:
    """What a partial or a cache is around."""
    for name in ("func", "__wrapped__", "__func__"):
        try:
            inner = vars(value).get(name) if hasattr(value, "__dict__") else None
            inner = inner if inner is not None else getattr(type(value), name, None) and getattr(value, name, None)
        except Exception:
            inner = None
        if isinstance(inner, (type, FunctionType)):
            return inner
    return None


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
