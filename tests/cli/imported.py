"""What a command would import late, for the server that forks for each command."""

from __future__ import annotations

import ast
import contextlib
import importlib
import pkgutil
from collections.abc import Iterator
from pathlib import Path

import provisioning
from provisioning.schema.load import load_schema


def _names() -> Iterator[str]:
    found = pkgutil.walk_packages(provisioning.__path__, "provisioning.")
    yield from (module.name for module in found if not module.name.endswith("__main__"))
    for path in Path(provisioning.__path__[0]).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_bytes())):
            if isinstance(node, ast.ImportFrom) and node.module:
                yield node.module
            elif isinstance(node, ast.Import):
                yield from (name.name for name in node.names)


# What libraries import late.
_LATE = ("anyio", "h2.connection", "httpcore", "typer._adapters", "zoneinfo")

for _name in sorted({*_LATE, *_names()}):
    with contextlib.suppress(ImportError):  # What only Azure or only this platform has.
        importlib.import_module(_name)
load_schema(None)
