"""The attribute mapping, which every resolve of a user passes through."""

from __future__ import annotations

import time

from benchmarks.figure import Figure, Size
from provisioning.mapping import CompiledSchema, compile_schema
from provisioning.model import EntraId
from provisioning.schema import load_schema

_BUDGET_US = 20.0
"""CPU microseconds for one user. The send slot of its request is ten thousand times as long."""

_ID = EntraId("3f0b6a52-1c5e-4a0e-9c54-5f2f0c8f7a01")


def measure(size: Size) -> list[Figure]:
    """CPU of mapping that many users with the shipped schema; the best of three."""
    schema = compile_schema(load_schema(None))
    rows = [
        {
            "userPrincipalName": f"user{number}@example.com",
            "displayName": f"User {number}",
            "givenName": "User",
            "surname": str(number),
            "department": "Research",
        }
        for number in range(size.mapped)
    ]
    best = min(_seconds(schema, rows) for _ in range(3))
    bound = size.mapped * _BUDGET_US / 1e6
    subject = f"{size.mapped:,} users"
    return [Figure("mapping", subject, best, "s", bound, source="20 us of CPU a user")]


def _seconds(schema: CompiledSchema, rows: list[dict[str, str]]) -> float:
    began = time.process_time()
    for row in rows:
        schema.user.map(_ID, row, soft_deleted=False)
    return time.process_time() - began
