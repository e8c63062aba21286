"""Schema files for tests: the shipped one with changes."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from provisioning.errors import ConfigurationError, Problem
from provisioning.mapping import CompiledSchema, compile_schema
from provisioning.schema import SHIPPED, load_schema

Change = Callable[[dict[str, Any]], None]


def written(folder: Path, change: Change) -> Path:
    """A file with the shipped schema after ``change``."""
    export = json.loads(SHIPPED.read_text(encoding="utf-8"))
    change(export)
    path = folder / "schema.json"
    path.write_text(json.dumps(export), encoding="utf-8")
    return path


def compiled(folder: Path, change: Change) -> CompiledSchema:
    return compile_schema(load_schema(written(folder, change)))


def problems(path: Path) -> tuple[Problem, ...]:
    with pytest.raises(ConfigurationError) as caught:
        load_schema(path)
    return caught.value.problems


def object_mapping(export: dict[str, Any], name: str = "User") -> dict[str, Any]:
    mappings = export["synchronizationRules"][0]["objectMappings"]
    found: dict[str, Any] = next(m for m in mappings if m["sourceObjectName"] == name)
    return found


def attribute(export: dict[str, Any], target: str, name: str = "User") -> dict[str, Any]:
    mappings = object_mapping(export, name)["attributeMappings"]
    found: dict[str, Any] = next(m for m in mappings if m["targetAttributeName"] == target)
    return found


def expression(text: str, type: str = "Function") -> dict[str, Any]:
    return {"expression": text, "name": "any", "type": type, "parameters": []}


def clause(attribute: str, operator: str, *values: Any) -> dict[str, Any]:
    """A clause of a scoping filter as Graph has it."""
    return {
        "operatorName": operator,
        "sourceOperandName": attribute,
        "targetOperand": {"values": list(values)},
    }


def scope(*groups: dict[str, Any] | list[dict[str, Any]]) -> dict[str, Any]:
    """The scope of an object mapping: a group for each clause, or for each list of clauses."""
    lists = [group if isinstance(group, list) else [group] for group in groups]
    return {"groups": [{"name": f"group {n}", "clauses": each} for n, each in enumerate(lists)]}
