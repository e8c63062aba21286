"""Modules: the file is there, its parameters are given, its outputs are what is asked for."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping

from tree_sitter import Node

from tests.infra.bicep.finding import Finding
from tests.infra.bicep.source import Declaration, Source, properties, text_of, walk


def module_path(source: Source, module: Declaration) -> str:
    """Where the file of a module is, relative to the folder of the templates."""
    return posixpath.normpath(posixpath.join(posixpath.dirname(source.path), module.reference))


def check_modules(source: Source, sources: Mapping[str, Source]) -> Iterator[Finding]:
    """Missing modules, wrong or missing parameters, outputs that a module does not have."""
    for module in source.of("module").values():
        target = sources.get(module_path(source, module))
        if target is None:
            yield source.find("missing-module", module.node, f"there is no {module.reference}")
            continue
        yield from _check_params(source, module, target)
        for node, name in outputs_of(source, module.name):
            if name not in target.of("output"):
                yield source.find("unknown-output", node, f"{target.path} has no output {name}")


def check_unused(sources: Mapping[str, Source]) -> Iterator[Finding]:
    """Modules and outputs of modules that nothing uses."""
    used: dict[str, set[str]] = {}
    for source in sources.values():
        for module in source.of("module").values():
            names = used.setdefault(module_path(source, module), set())
            names.update(name for _, name in outputs_of(source, module.name))
    for path, source in sources.items():
        if path not in used and path != "main.bicep":
            yield source.find("unused-module", source.root, f"nothing uses {path}")
        for name, output in source.of("output").items() if path in used else ():
            if name not in used[path]:
                yield source.find("unused-output", output.node, f"nothing uses output {name}")


def outputs_of(source: Source, module: str) -> Iterator[tuple[Node, str]]:
    """Each use of an output of a module, with its name."""
    for node in walk(source.root):
        if node.type != "member_expression":
            continue
        parts = text_of(node).replace("!", "").replace("?", "").split(".")
        if len(parts) == 3 and parts[:2] == [module, "outputs"]:
            yield node, parts[2]


def _check_params(source: Source, module: Declaration, target: Source) -> Iterator[Finding]:
    given = properties(properties(module.body).get("params"))
    params = target.of("param")
    for name, node in given.items():
        if name not in params:
            yield source.find("unknown-param", node, f"{target.path} has no parameter {name}")
    for name, param in params.items():
        if name not in given and param.body is None:
            message = f"{module.name} does not give {name} to {target.path}"
            yield source.find("missing-param", module.node, message)
