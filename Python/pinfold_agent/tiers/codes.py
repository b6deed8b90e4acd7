"""Code objects of two versions of a module's text, and which of them belong together."""

from __future__ import annotations

import ast
from types import CodeType
from typing import Any, Dict, Iterator, List, NamedTuple, Optional, Tuple

from ..project import syntax

GENERATORS = 0x20 | 0x80 | 0x100 | 0x200


class Pair(NamedTuple):
    """A function's old code, and its new one: None where that cannot be told."""

    old: CodeType
    new: Optional[CodeType]
    differs: bool


def pairs(old_source: bytes, new_source: bytes, old: CodeType, new: CodeType) -> Dict[CodeType, Pair]:
    """The code of all functions in a module, by its old code object (which is equal to a live one's of the same text)."""
    old_nodes, new_nodes = (syntax.functions(ast.parse(source)) for source in (old_source, new_source))
    found: Dict[CodeType, Pair] = {}

    def heads_equal(a: CodeType, b: CodeType) -> bool:
        if a.co_name.startswith("<"):
            # A lambda's defaults are not in its code.
            return a.co_argcount + a.co_kwonlyargcount == 0 and _unchanged(a, b)
        one, other = (nodes.get((code.co_name, code.co_firstlineno)) for nodes, code in ((old_nodes, a), (new_nodes, b)))
        return one is not None and other is not None and syntax.head(one) == syntax.head(other)

    def walk(a: CodeType, b: Optional[CodeType], inside: bool) -> None:
        partners = _partners(a, b)
        for code, index in _inner(a):
            partner = partners.get((code.co_name, index))
            if partner is not None and inside and _is_function(code) and not _unchanged(a, b) and not heads_equal(code, partner):
                partner = None
            pair = _pair(code, partner)
            # Two of the same text on the same line have the same code: the pair does for both, or for neither.
            known = found.get(code)
            found[code] = pair if known is None or known.new == pair.new else Pair(code, None, True)
            walk(code, partner, inside or _is_function(code))

    walk(old, new, False)
    return found


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
    """By name and place. Where one name occurs more often in one of them, which is which is not known."""
    if b is None:
        return {}
    mine: Dict[str, int] = {}
    theirs: Dict[str, int] = {}
    for code, _ in _inner(a):
        mine[code.co_name] = mine.get(code.co_name, 0) + 1
    for code, _ in _inner(b):
        theirs[code.co_name] = theirs.get(code.co_name, 0) + 1
    return {(code.co_name, index): code for code, index in _inner(b) if mine.get(code.co_name) == theirs[code.co_name]}


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
