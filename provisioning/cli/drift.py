"""``drift``: what the last reconcile found edited by hand in ZSCloud, and who is nobody's there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from provisioning.cli import output
from provisioning.cli.options import Json, refuse_early_json
from provisioning.cli.progress import Update
from provisioning.cli.session import Outcome, run
from provisioning.operations.documents import Document

if TYPE_CHECKING:
    from provisioning.services import Services

app = typer.Typer(
    invoke_without_command=True,
    help="List edits by hand that the last reconcile found, and accounts that are nobody's.",
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

Limit = Annotated[int, typer.Option(metavar="N", help="Lines of a page, at most 1000.")]
After = Annotated[str | None, typer.Option(metavar="CURSOR", help="Go on from where a page ended.")]

_MakeTable = Callable[[Sequence[Document]], Table]

_NO_REPORT = "No reconcile has read ZSCloud yet: run `cycle --kind reconcile`."
_STYLES = {"repaired": "green", "reported": "yellow", "left": "dim"}


@app.callback()
def _listed(
    context: typer.Context, *, limit: Limit = 100, after: After = None, as_json: Json = False
) -> None:
    if context.invoked_subcommand is None:
        list_(limit=limit, after=after, as_json=as_json)
    else:
        refuse_early_json(as_json=as_json)


@app.command("list", short_help="The edits: also without a command.")
def list_(*, limit: Limit = 100, after: After = None, as_json: Json = False) -> None:
    """Show what hands have changed: who, what, from which value to which, and what became of it."""

    async def operation(services: Services, _: Update) -> Outcome:
        from provisioning.operations.drift import list_drift

        document = await list_drift(services, limit=limit, after=after)
        return Outcome(document, lambda out: _show(out, document, findings_table))

    run(operation, as_json=as_json)


@app.command(short_help="Users and groups that are nobody's.")
def orphans(*, limit: Limit = 100, after: After = None, as_json: Json = False) -> None:
    """Show users and groups in ZSCloud that no assignment explains. They are never touched."""

    async def operation(services: Services, _: Update) -> Outcome:
        from provisioning.operations.drift import list_orphans

        document = await list_orphans(services, limit=limit, after=after)
        return Outcome(document, lambda out: _show(out, document, _orphans_table))

    run(operation, as_json=as_json)


def findings_table(items: Sequence[Document], title: str | None = None) -> Table:
    """One line for each edit by hand."""
    table = output.table(
        "Object", "Name", "What", "Is", "Should be", "Treatment", "Seen", title=title
    )
    for item in items:
        table.add_row(
            item["object_type"],
            output.plain(item["name"]),
            output.plain(_what(item)),
            output.plain(_value(item["found"])),
            output.plain(_value(item["expected"])),
            Text(item["treatment"], _STYLES.get(item["treatment"], "")),
            output.plain(item["at"]),
        )
    return table


def drift_line(counts: Document) -> str:
    """The numbers of a report in one line."""
    parts = [f"{counts['found']} edited by hand"]
    parts += [f"{name} {counts[name]}" for name in _STYLES if counts[name]]
    if counts["reenabled"]:
        parts.append(f"switched on again though to be off: {counts['reenabled']}")
    if counts["unmanaged"]:
        parts.append(f"members of groups that are nobody's {counts['unmanaged']}")
    if counts["orphans"]:
        parts.append(f"orphans {counts['orphans']}")
    return ", ".join(parts)


def _show(out: Console, document: Document, table: _MakeTable) -> None:
    if document["report"] is None:
        out.print(_NO_REPORT)
        return
    if document["items"]:
        out.print(table(document["items"]))
        out.print()
    counts = document["report"]
    out.print(
        output.plain(f"Reconcile {counts['cycle_id']} at {counts['at']}: {drift_line(counts)}."),
        soft_wrap=True,
    )
    if document["next"] is not None:
        out.print(f"More: --after {document['next']}", soft_wrap=True)


def _orphans_table(items: Sequence[Document]) -> Table:
    table = output.table("Object", "Name", "ZSCloud id", "External id", "Active", "Note", "Seen")
    for item in items:
        table.add_row(
            item["type"],
            output.plain(item["name"]),
            output.plain(item["target_id"]),
            output.plain(item["external_id"]),
            "" if item["active"] is None else _value(item["active"]),
            "protected" if item["protected"] else "",
            output.plain(item["seen_at"]),
        )
    return table


def _what(item: Document) -> str:
    """The attribute, or the member."""
    member = item["member"]
    if member is None:
        return str(item["attribute"])
    known = member["name"] or member["source_id"] or member["target_id"]
    return f"{'stranger' if item['what'] == 'unmanaged' else 'member'} {known}"


def _value(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value is None or isinstance(value, str):
        return value or "(none)"
    return msgspec.json.encode(value).decode()
