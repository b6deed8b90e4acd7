"""What the text of a module says: its outline without the insides of functions, and what it imports."""

from __future__ import annotations

import ast
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


def names_used_outside(source: bytes) -> Set[str]:
    """Names that are read while the module is executed, outside functions."""
    return {
        node.id
        for node in _statements(ast.parse(source), set(), everything=False)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)
    }


def taken_names(source: bytes, package: str) -> Dict[str, Tuple[str, str]]:
    """Names of a module's own that are imported from another: the module's name, and the name there."""
    found: Dict[str, Tuple[str, str]] = {}
    for node in _statements(ast.parse(source), set(), everything=False):
        if isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                try:
                    base = importlib.util.resolve_name("." * node.level + base, package)
                except ImportError:
                    continue
            for alias in node.names:
                found[alias.asname or alias.name] = (base, alias.name)
    return found
