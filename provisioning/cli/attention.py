"""What of a cycle needs a look: failures, held removals, skipped principals, with their remedy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.table import Table

from provisioning.cli import output
from provisioning.operations.documents import Document

if TYPE_CHECKING:
    from provisioning.services import Services

_STATUSES = ("failure", "held", "skipped")
_SHOWN = 100
"""Log entries of each status that are shown with a result; ``logs`` has them all."""


async def attention(services: Services, cycle_id: str, cause: str = "") -> list[Document]:
    """Log entries of the cycle, newest first within each status. ``cause``: only of that one."""
    from provisioning.operations.logs import query_logs

    entries: list[Document] = []
    for status in _STATUSES:
        page = await query_logs(services, cycle=cycle_id, status=status, cause=cause, limit=_SHOWN)
        entries += page["items"]
    return entries


def attention_table(entries: Sequence[Document]) -> Table:
    """Entries with their reason and remedy."""
    table = output.table("Status", "Object", "Name", "Reason", "Remedy")
    for entry in entries:
        table.add_row(
            output.status_text(entry["status"]),
            entry["object_type"],
            output.plain(entry["name"]),
            output.plain(entry["reason"]),
            output.plain(entry["remedy"]),
        )
    return table
