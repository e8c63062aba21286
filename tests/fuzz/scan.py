"""Finds by their source the places that decode what comes from outside."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]

PACKAGES = ("provisioning", "handlers")

_CALLS = frozenset(
    {
        *("loads", "load", "Decoder", "convert", "b64decode", "urlsafe_b64decode", "parse_qs"),
        *("urlsplit", "urlparse", "parse_qsl", "fromisoformat", "strptime", "ip_address"),
        *("parsedate_to_datetime", "fromtimestamp", "fromhex", "literal_eval", "decompressobj"),
    }
)
"""Functions that make something of bytes or of a text, by their last name."""

_METHODS = frozenset({"load", "convert"})
"""Of these only those of a library count, which are called by its name."""

_LIBRARIES = frozenset({"json", "msgspec", "pickle", "tomllib"})

_DECODERS = frozenset({"json", "msgpack", "decoder"})
"""``decode`` of these is a decoder's; that of bytes is no more than a change of type."""

_NAMES = ("decode", "_decode", "parse", "_parse")
"""How functions begin that say of themselves what they do."""


@cache
def places() -> dict[str, int]:
    """Every place that decodes, as ``module:qualified name``, with its first line."""
    found: dict[str, int] = {}
    for module, tree in _modules():
        for name, line in _places(tree):
            found.setdefault(f"{module}:{name}", line)
    return found


@cache
def functions() -> frozenset[str]:
    """All functions and methods, by the same names."""
    found: set[str] = set()
    for module, tree in _modules():
        found |= {f"{module}:{name}" for name in _functions(tree, ())}
    return frozenset(found)


def _functions(node: ast.AST, within: tuple[str, ...]) -> Iterator[str]:
    for each in ast.iter_child_nodes(node):
        inner = within
        if isinstance(each, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            inner = (*within, each.name)
            if not isinstance(each, ast.ClassDef):
                yield ".".join(inner)
        yield from _functions(each, inner)


def _modules() -> Iterator[tuple[str, ast.Module]]:
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            name = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
            yield name, ast.parse(path.read_text(encoding="utf-8"))


def _places(tree: ast.Module) -> Iterator[tuple[str, int]]:
    for node in tree.body:
        yield from _inside(node, ())


def _inside(node: ast.AST, within: tuple[str, ...]) -> Iterator[tuple[str, int]]:
    if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
        within = (*within, node.name)
        if not isinstance(node, ast.ClassDef) and node.name.startswith(_NAMES):
            yield ".".join(within), node.lineno
    elif not within and isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
        within = (node.targets[0].id,)
    elif isinstance(node, ast.Call) and _decodes(node.func):
        yield ".".join(within), node.lineno
    for each in ast.iter_child_nodes(node):
        yield from _inside(each, within)


def _decodes(called: ast.expr) -> bool:
    if isinstance(called, ast.Name):
        return called.id in _CALLS - _METHODS
    if not isinstance(called, ast.Attribute):
        return False
    if called.attr == "decode":
        holder = called.value
        return (isinstance(holder, ast.Attribute) and holder.attr in _DECODERS) or (
            isinstance(holder, ast.Name) and holder.id in _DECODERS
        )
    if called.attr in _METHODS:
        return isinstance(called.value, ast.Name) and called.value.id in _LIBRARIES
    return called.attr in _CALLS
