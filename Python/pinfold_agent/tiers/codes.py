"""Code objects of two versions of a module's text, and which of them belong together."""

from __future__ import annotations

import ast
from types import CodeType
from typing import Any, Dict, Iterator, List, NamedTuple, Optional, Set, Tuple

from ..project import syntax

GENERATORS = 0x20 | 0x80 | 0x100 | 0x200


class Pair(NamedTuple):
    """A function's old code, and its new one: None where that cannot be told."""

    old: CodeType
    new: Optional[CodeType]
    differs: bool


class Pairs(NamedTuple):
    """The code of all functions in a module, by its old code object (which is equal to a live one's of the same text)."""

    codes: Dict[CodeType, Pair]
    # Those that differ and are made by the module's own text, with their outermost names: each is a live function's, or something else
    # was made of it.
    lasting: Dict[CodeType, str]
    # Qualified names of classes that are made in functions and are others now: no patch makes them of a live one.
    classes: Set[str]


def pairs(old_source: bytes, new_source: bytes, old: CodeType, new: CodeType) -> Pairs:
    old_tree, new_tree = ast.parse(old_source), ast.parse(new_source)
    old_nodes, new_nodes = syntax.functions(old_tree), syntax.functions(new_tree)
    old_classes, new_classes = syntax.local_classes(old_tree), syntax.local_classes(new_tree)
    classes = {name for name, outlines in old_classes.items() if new_classes.get(name) != outlines}
    found: Dict[CodeType, Pair] = {}
    lasting: Dict[CodeType, str] = {}

    def heads_equal(a: CodeType, b: CodeType) -> bool:
        if a.co_name.startswith("<"):
            # A lambda's defaults are not in its code.
            return a.co_argcount + a.co_kwonlyargcount == 0 and _unchanged(a, b)
        one, other = (nodes.get((code.co_name, code.co_firstlineno)) for nodes, code in ((old_nodes, a), (new_nodes, b)))
        return one is not None and other is not None and syntax.head(one) == syntax.head(other)

    def walk(a: CodeType, b: Optional[CodeType], inside: bool, path: str) -> None:
        partners = _partners(a, b)
        for code, index in _inner(a):
            partner = partners.get((code.co_name, index))
            if partner is not None and inside and _is_function(code) and not _unchanged(a, b) and not heads_equal(code, partner):
                partner = None
            if path + code.co_name in classes:
                partner = None
            pair = _pair(code, partner)
            if pair.differs and not inside and _is_function(code) and not code.co_name.startswith("<"):
                lasting[code] = (path + code.co_name).partition(".")[0]
            # Two of the same text on the same line have the same code: the pair does for both, or for neither.
            known = found.get(code)
            found[code] = pair if known is None or known.new == pair.new else Pair(code, None, True)
            if code.co_name.startswith("<generic parameters"):
                walk(code, partner, True, path)
            else:
                within = ".<locals>." if _is_function(code) else "."
                walk(code, partner, inside or _is_function(code), path + code.co_name + within)

    walk(old, new, False, "")
    return Pairs(found, lasting, classes)


def _pair(old: CodeType, new: Optional[CodeType]) -> Pair:
    if new is None:
        return Pair(old, None, True)
    if old.co_freevars != new.co_freevars or (old.co_flags ^ new.co_flags) & GENERATORS:
        return Pair(old, None, True)
    return Pair(old, new, essence(old) != essence(new))


def _inner(code: CodeType) -> Iterator[Tuple[CodeType, int]]:
    """The code objects right inside, with which of that name each is."""
    count: Dict[str, int] = {}
    for value in code.co_consts:
        if isinstance(value, CodeType):
            index = count.get(value.co_name, 0)
            count[value.co_name] = index + 1
            yield value, index


def _partners(a: CodeType, b: Optional[CodeType]) -> Dict[Tuple[str, int], CodeType]:
    """By name and place. Where one name occurs more often in one of them, which is which is not known.

    Nor is it in a function where a name occurs twice: they may have changed places. Elsewhere the outline has them in their order.
    """
    if b is None:
        return {}
    mine: Dict[str, int] = {}
    theirs: Dict[str, int] = {}
    for code, _ in _inner(a):
        mine[code.co_name] = mine.get(code.co_name, 0) + 1
    former: Dict[Tuple[str, int], CodeType] = {(code.co_name, index): code for code, index in _inner(a)}
    for code, _ in _inner(b):
        theirs[code.co_name] = theirs.get(code.co_name, 0) + 1
    return {
        (code.co_name, index): code for code, index in _inner(b)
        if mine.get(code.co_name) == theirs[code.co_name]
        and (theirs[code.co_name] == 1 or not _is_function(a) or _unchanged(former[code.co_name, index], code))
    }


def _is_function(code: CodeType) -> bool:
    return bool(code.co_flags & 0x2)


def _unchanged(a: CodeType, b: Optional[CodeType]) -> bool:
    return b is not None and essence(a) == essence(b)


def essence(code: CodeType) -> Tuple[Any, ...]:
    """What code does, wherever its lines are."""
    inner: List[Any] = [
        essence(value) if isinstance(value, CodeType) else _constant(value) for value in code.co_consts
    ]
    return (
        code.co_name, code.co_code, tuple(inner), code.co_names, code.co_varnames, code.co_freevars, code.co_cellvars,
        code.co_flags, code.co_argcount, code.co_posonlyargcount, code.co_kwonlyargcount, getattr(code, "co_exceptiontable", b""),
    )


def _constant(value: Any) -> Any:
    """1, 1.0 and True are equal and not the same; 0.0 and -0.0 likewise."""
    if isinstance(value, tuple):
        return tuple(_constant(part) for part in value)
    if isinstance(value, frozenset):
        return frozenset(_constant(part) for part in value)
    return (type(value), repr(value))
