"""``escrow``: what failed and is tried again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from provisioning.cli import output
from provisioning.cli.completion import failing_names
from provisioning.cli.group import group
from provisioning.cli.operator import OperatorName, operator
from provisioning.cli.options import Json
from provisioning.cli.progress import Update
from provisioning.cli.session import Outcome, run
from provisioning.operations.documents import Document

if TYPE_CHECKING:
    from provisioning.services import Services


def list_(*, as_json: Json = False) -> None:
    """Show who is in escrow: cause, tries, next try, and what to do about it."""

    async def operation(services: Services, _: Update) -> Outcome:
        from provisioning.operations import escrow

        page = await escrow.list_(services)
        items = page["items"]
        while page["next"] is not None:
            page = await escrow.list_(services, page["next"])
            items += page["items"]
        document = {"items": items, "next": None}
        return Outcome(document, lambda out: _show(out, document, "Nothing is in escrow."))

    run(operation, as_json=as_json)


app = group("List what failed and is tried again, or have it tried at once.", list_)


@app.command("retry-now", short_help="Try them at once.")
def retry_now(
    id: Annotated[
        str | None,
        typer.Argument(
            metavar="ID",
            help="Object id, or the name as listed. Without: all.",
            autocompletion=failing_names,
        ),
    ] = None,
    *,
    name: OperatorName = None,
    as_json: Json = False,
) -> None:
    """Have a principal, or all of them, tried at once instead of at their next try.

    A process that is at work takes it up within a second, a deployment that is not is woken.
    Where neither runs, the next `cycle` does it.
    """

    async def operation(services: Services, _: Update) -> Outcome:
        from provisioning.operations import escrow

        names = () if id is None else (id,)
        document = await escrow.retry_now(services, names, operator(name))
        return Outcome(document, lambda out: _show_wanted(out, document))

    run(operation, as_json=as_json)


def _show_wanted(out: Console, document: Document) -> None:
    _show(out, document, "Nothing is in escrow.")
    if document["items"]:
        out.print("Tried at once by whoever writes to ZSCloud next; `escrow` shows what is left.")


def _show(out: Console, document: Document, nothing: str) -> None:
    if not document["items"]:
        out.print(nothing)
        return
    columns = ("Object", "Name", "Cause", "Reason", "Tries", "Next try", "Remedy")
    table = output.table(*columns)
    for item in document["items"]:
        table.add_row(
            item["object_type"],
            output.plain(item["name"]),
            output.plain(item["error_code"]),
            output.plain(item["reason"]),
            str(item["tries"]),
            output.plain(item["next_try"]),
            output.plain(item["remedy"]),
        )
    out.print(table)
