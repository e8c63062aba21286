"""How checks are shown: each with what it found, and what to do about it."""

from __future__ import annotations

from rich.console import Console

from provisioning.cli import output
from provisioning.operations.documents import Document


def show(out: Console, document: Document, conclusion: str) -> None:
    """A table of the checks, and the sentence that they come to."""
    table = output.table("Check", "Status", "Detail", "Remedy")
    for check in document["checks"]:
        table.add_row(
            check["name"],
            output.status_text(check["status"]),
            output.plain(check["detail"]),
            output.plain(check["remedy"]),
        )
    out.print(table)
    out.print(conclusion)
