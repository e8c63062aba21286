"""``schema preview``: what another schema would do to real principals."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from provisioning.cli import output
from provisioning.cli.options import Json
from provisioning.cli.progress import Update
from provisioning.cli.session import Outcome, run
from provisioning.operations.documents import Document

if TYPE_CHECKING:
    from provisioning.services import Services

_LIMIT = 1000

Users = Annotated[
    list[str] | None,
    typer.Option("--user", metavar="ID|UPN", help="Show this user. Repeatable."),
]
Groups = Annotated[
    list[str] | None,
    typer.Option("--group", metavar="ID|NAME", help="Show this group. Repeatable."),
]
Limit = Annotated[
    int,
    typer.Option("--limit", min=0, metavar="N", help="How many principals to look at; 0 for none."),
]


def preview(
    new: Annotated[str, typer.Argument(metavar="NEW", help="A schema file, or `shipped`.")],
    *,
    users: Users = None,
    groups: Groups = None,
    limit: Limit = _LIMIT,
    as_json: Json = False,
) -> None:
    """Show what another schema would do: who comes into or leaves scope, which values change.

    Reads users and groups from Graph now, judges them by the schema in force and by the new one,
    and asks the brake. Writes nothing, and needs no lease.
    """

    async def operation(services: Services, progress: Update) -> Outcome:
        from provisioning.operations.schema import load_named
        from provisioning.operations.schema_preview import preview as look

        schema = load_named(new, os.environ)
        document = await look(
            services,
            schema,
            users=users or (),
            groups=groups or (),
            limit=limit,
            progress=progress,
        )
        return Outcome({"new": new, **document}, lambda out: _show(out, document))

    run(operation, as_json=as_json, waiting="reading Entra")


def _show(out: Console, document: Document) -> None:
    for named in document["named"]:
        _show_named(out, named)
    _show_share(out, document)
    if document["looked_at"]:
        _show_counts(out, document)
        _show_changes(out, document["changes"])
        _show_brake(out, document)
    out.print("Nothing was written.")


def _show_named(out: Console, named: Document) -> None:
    scope = named["scope"]
    out.print(
        output.pairs(
            [
                ("Name", named["name"]),
                ("Object id", named["source_id"]),
                ("Now", _scope(scope["old"])),
                ("Then", _scope(scope["new"])),
                *(("Problem", f"{p['field']} {p['message']}") for p in named["problems"]),
            ]
        )
    )
    if named["attributes"]:
        table = output.table("Attribute", "Now", "Then")
        for change in named["attributes"]:
            table.add_row(*map(output.plain, (change["name"], change["old"], change["new"])))
        out.print(table)
    else:
        out.print("No attribute changes.")
    out.print()


def _scope(side: Document) -> str:
    return f"{'in scope' if side['active'] else 'no access'}: {side['sentence']}"


def _show_share(out: Console, document: Document) -> None:
    known, seen = document["known"], document["looked_at"]
    if not known:
        out.print("Nobody is known yet: run a cycle, or name principals with --user and --group.")
    elif seen == known:
        out.print(f"All {known} users and groups in or near scope were looked at.")
    else:
        share = 100 * seen / known
        out.print(
            f"{seen} of {known} users and groups in or near scope were looked at "
            f"({share:.0f} %): the numbers below are of these. See --limit."
        )


def _show_counts(out: Console, document: Document) -> None:
    for field, title in (
        ("leave", "would lose access"),
        ("enter", "would come into scope"),
        ("undecided", "cannot be judged, and stay as they are"),
        ("fail", "could not be provisioned any more"),
    ):
        listed = document[field]
        out.print(f"{listed['count']} {title}.")
        _show_names(out, listed["items"], listed["count"])


def _show_names(out: Console, items: Sequence[Document], count: int) -> None:
    if not items:
        return
    table = output.table("Object", "Name", "Reason")
    for item in items:
        table.add_row(item["object_type"], output.plain(item["name"]), output.plain(item["reason"]))
    out.print(table)
    if count > len(items):
        out.print(f"and {count - len(items)} more")


def _show_changes(out: Console, changes: Sequence[Document]) -> None:
    if not changes:
        out.print("No value changes.")
    for change in changes:
        number = change["count"]
        of = f"{number} {change['object_type']}{'' if number == 1 else 's'}"
        table = output.table("Name", "Now", "Then")
        for item in change["items"]:
            table.add_row(*map(output.plain, (item["name"], item["old"], item["new"])))
        out.print(output.plain(f"{change['target']} changes for {of}."))
        out.print(table)
        if number > len(change["items"]):
            out.print(f"and {number - len(change['items'])} more")


def _show_brake(out: Console, document: Document) -> None:
    for warning in document["null_warnings"]:
        out.print(output.plain(warning, "yellow"), soft_wrap=True)
    brake = document["brake"]
    pending = ", ".join(f"{number} {kind}" for kind, number in brake["pending"].items() if number)
    if not pending:
        out.print("Nothing would be taken away.")
        return
    out.print(f"Would be taken away: {pending}.")
    for reason in brake["reasons"]:
        out.print(output.plain(f"Held by the brake: {reason}", "yellow"), soft_wrap=True)
    if not brake["holds"]:
        out.print("The brake lets that go.")
