"""What the text of a module says: its outline without the insides of functions, and what it imports."""

from __future__ import annotations

import ast
import copy
import importlib.util
from typing import Dict, Iterator, List, Optional, Set, Tuple, Union

Function = Union[ast.FunctionDef, ast.AsyncFunctionDef]
# An imported thing: the module, and the name taken from it, if one was.
Import = Tuple[str, Optional[str]]


def docstring(node: Function) -> Optional[ast.stmt]:
    first = node.body[0] if node.body else None
    if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str):
        return first
    return None


class _Hollow(ast.NodeTransformer):
    """Leaves signature, decorators, annotations and docstring of each function: whatever is read when it is defined."""

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        return self._hollow(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.AST:
        return self._hollow(node)

    def _hollow(self, node: Function) -> ast.AST:
        words = docstring(node)
        node.body = [words] if words is not None else []
        return node


def outline(source: bytes) -> str:
    """Two sources with the same outline differ in nothing but the insides of functions, comments and lay-out."""
    return ast.dump(_Hollow().visit(ast.parse(source)))


def head(node: Function) -> str:
    """A function's signature, decorators and docstring."""
    words = docstring(node)
    kept, node.body = node.body, [words] if words is not None else []
    try:
        return ast.dump(node)
    finally:
        node.body = kept


def functions(tree: ast.AST) -> Dict[Tuple[str, int], Function]:
    """All functions by name and first line as a code object has it; those that share both are left out."""
    found: Dict[Tuple[str, int], Function] = {}
    doubtful: Set[Tuple[str, int]] = set()
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            key = (node.name, min([node.lineno] + [decorator.lineno for decorator in node.decorator_list]))
            if key in found:
                doubtful.add(key)
            found[key] = node
    return {key: node for key, node in found.items() if key not in doubtful}


def local_classes(tree: ast.AST) -> Dict[str, List[str]]:
    """Classes that are made in functions, by qualified name: their outlines. A live one is as its outline was when it was made."""
    found: Dict[str, List[str]] = {}
    pending: List[Tuple[ast.AST, str, bool]] = [(tree, "", False)]
    while pending:
        node, prefix, inside = pending.pop()
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.ClassDef):
                if inside:
                    found.setdefault(prefix + child.name, []).append(ast.dump(_Hollow().visit(copy.deepcopy(child))))
                pending.append((child, f"{prefix}{child.name}.", inside))
            elif isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef)):
                pending.append((child, f"{prefix}{child.name}.<locals>.", True))
            else:
                pending.append((child, prefix, inside))
    return found


def _statements(tree: ast.AST, also: Set[Tuple[str, int]], everything: bool) -> Iterator[ast.AST]:
    pending: List[ast.AST] = [tree]
    while pending:
        node = pending.pop()
        yield node
        for child in ast.iter_child_nodes(node):
            if not everything and isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef)):
                first = min([child.lineno] + [decorator.lineno for decorator in child.decorator_list])
                # Decorators, defaults and annotations are evaluated outside.
                pending += child.decorator_list + [child.args] + ([child.returns] if child.returns else [])
                if (child.name, first) in also:
                    pending += child.body
            elif not everything and isinstance(child, ast.Lambda):
                pending.append(child.args)
            else:
                pending.append(child)


def imports(source: bytes, package: str, ran: Optional[Set[Tuple[str, int]]] = None) -> Set[Import]:
    """What is imported while the module is executed: outside functions, and in those that ran meanwhile (name and first line).

    `ran` of None asks for all functions. `package` is what relative names are relative to.
    """
    found: Set[Import] = set()
    for node in _statements(ast.parse(source), ran or set(), everything=ran is None):
        if isinstance(node, ast.Import):
            found.update((alias.name, None) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                try:
                    base = importlib.util.resolve_name("." * node.level + base, package)
                except ImportError:
                    continue
            found.update((base, alias.name) for alias in node.names)
        elif isinstance(node, ast.Call) and node.args:
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", None)
            argument = node.args[0]
            if name in ("import_module", "__import__") and isinstance(argument, ast.Constant) and isinstance(argument.value, str):
                try:
                    found.add((importlib.util.resolve_name(argument.value, package), None))
                except ImportError:
                    continue
    return found


def texts(source: bytes, ran: Set[Tuple[str, int]]) -> Set[str]:
    """The texts outside functions and in those that ran while the module was executed: one may name a module."""
    nodes = _statements(ast.parse(source), ran, everything=False)
    return {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}


def read_outside(source: bytes, ran: Set[Tuple[str, int]]) -> Set[Tuple[str, ...]]:
    """What is read while the module is executed, outside functions and in those that ran: a name, with the attributes asked of it.

    Not what is read for a piece of work, again for the next one.
    """
    found: Set[Tuple[str, ...]] = set()
    # Parts of a chain, which is seen before them.
    parts: Set[ast.AST] = set()
    for node in _statements(_Making().visit(ast.parse(source)), ran, everything=False):
        if node in parts:
            continue
        chain: List[str] = []
        while isinstance(node, ast.Attribute):
            chain.insert(0, node.attr)
            node = node.value
            parts.add(node)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            found.add((node.id, *chain))
    return found


class _Making(ast.NodeTransformer):
    """Leaves pieces of work out, `with pinfold_agent.work():`, and the loops around them."""

    def visit_With(self, node: ast.With) -> Optional[ast.AST]:
        return None if _is_work(node) else self.generic_visit(node)

    def visit_While(self, node: ast.While) -> Optional[ast.AST]:
        return self._loop(node)

    def visit_For(self, node: ast.For) -> Optional[ast.AST]:
        return self._loop(node)

    def _loop(self, node: ast.AST) -> Optional[ast.AST]:
        return None if any(map(_is_work, ast.walk(node))) else self.generic_visit(node)


def _is_work(node: ast.AST) -> bool:
    calls = [item.context_expr for item in node.items] if isinstance(node, ast.With) else []
    functions = [call.func for call in calls if isinstance(call, ast.Call)]
    return any(getattr(function, "attr", getattr(function, "id", None)) == "work" for function in functions)


def taken_names(source: bytes, package: str) -> List[Tuple[str, str, str]]:
    """Names of a module's own that are imported from another, with the module's name and the name there; `*` for all."""
    found: List[Tuple[str, str, str]] = []
    for node in _statements(ast.parse(source), set(), everything=False):
        if isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                try:
                    base = importlib.util.resolve_name("." * node.level + base, package)
                except ImportError:
                    continue
            for alias in node.names:
                found.append((alias.asname or alias.name, base, alias.name))
    return found


def imported_names(source: bytes, package: str) -> List[Tuple[str, str]]:
    """Names of a module's own with each module that they may be, or be of."""
    found = [(local, module) for local, base, name in taken_names(source, package) for module in (base, f"{base}.{name}")]
    for node in _statements(ast.parse(source), set(), everything=False):
        if isinstance(node, ast.Import):
            found += [(alias.asname or alias.name.partition(".")[0], alias.name) for alias in node.names]
    return found
