"""The schemas of the runs: the shipped one, and the same with scoping filters."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from provisioning.mapping import CompiledSchema
from tests.mapping import schemas
from tests.mapping.schemas import clause, object_mapping, scope
from tests.scenarios.world import SCHEMA
from tests.soak.oracle import PASSING_DEPARTMENTS, PASSING_NAMES


@cache
def compiled(*, filtered: bool) -> CompiledSchema:
    """The schema of a run."""
    if not filtered:
        return SCHEMA

    def change(export: dict[str, Any]) -> None:
        departments = [clause("department", "EQUALS", each) for each in PASSING_DEPARTMENTS]
        object_mapping(export)["scope"] = scope(*departments)
        names = clause("displayName", "REGEX MATCH", f".*[{PASSING_NAMES}]$")
        object_mapping(export, "Group")["scope"] = scope(names)

    with TemporaryDirectory() as folder:
        return schemas.compiled(Path(folder), change)
