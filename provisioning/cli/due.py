"""``due``: what is disabled or emptied, and waits to be deleted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from provisioning.cli import output
from provisioning.cli.group import group
from provisioning.cli.options import Json
from provisioning.cli.progress import Update
from provisioning.cli.session import Outcome, run
from provisioning.operations.documents import Document

if TYPE_CHECKING:
    from provisioning.services import Services


def list_(
    *,
    limit: Annotated[int, typer.Option(metavar="N", help="Entries of a page, at most 1000.")] = 100,
    after: Annotated[
        str | None, typer.Option(metavar="CURSOR", help="Go on from where a page ended.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Show who waits to be deleted, why, since when, and when it is deleted."""

    async def operation(services: Services, _: Update) -> Outcome:
        from provisioning.operations import due

        document = await due.list_due(services, limit=limit, after=after)
        return Outcome(document, lambda out: _show(out, document))

    run(operation, as_json=as_json)


app = group(
    "List what waits to be deleted when its grace period (DELETE_AFTER_DAYS) is over.", list_
)


def _show(out: Console, document: Document) -> None:
    if not document["items"]:
        out.print("Nothing waits to be deleted.")
        return
    table = output.table("name", "type", "since", "deleted", "why")
    for item in document["items"]:
        table.add_row(
            output.plain(item["name"], "bold"),
            output.plain(item["object_type"]),
            output.plain(item["since"]),
            output.plain(item["delete_at"] or "not, as things stand"),
            output.plain(item["reason"]),
        )
    out.print(table)
    if document["next"] is not None:
        out.print(f"More: due list --after {document['next']}", soft_wrap=True)
