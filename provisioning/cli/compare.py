"""``compare``: what Entra's built-in job has left in ZSCloud, against what we would do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from provisioning.cli import exit_status, output
from provisioning.cli.changes import FEW_MEMBERS, change_texts
from provisioning.cli.options import Json
from provisioning.cli.progress import Update
from provisioning.cli.session import Outcome, run
from provisioning.operations.documents import Document

if TYPE_CHECKING:
    from provisioning.services import Services

_MEANINGS = {
    "fail": "cannot be provisioned as it is",
    "delete": "would be deleted",
    "disable": "would be switched off",
    "create": "would be created",
    "enable": "would be switched on",
    "change": "would be changed",
    "memberships": "would get or lose members",
    "skip": "would be left out",
    "unknown": "in ZSCloud, and nobody's: never touched",
    "off": "switched off in ZSCloud, and nobody is entitled to it: left so",
    "same": "the same on both sides: nothing would be sent",
}
_STYLES = {
    **dict.fromkeys(("fail", "delete", "disable"), "red"),
    **dict.fromkeys(("create", "enable"), "green"),
    **dict.fromkeys(("change", "memberships"), "yellow"),
    **dict.fromkeys(("skip", "unknown", "off"), "dim"),
}


def compare(
    *,
    limit: Annotated[
        int, typer.Option(min=0, help="Objects that are listed; the others are counted.")
    ] = 1000,
    as_json: Json = False,
) -> None:
    """Compare ZSCloud, as the built-in job has left it, with what a first cycle would do.

    Writes nothing, anywhere, and needs no lease. Asks ZSCloud for one thing a second at most.
    """

    async def operation(services: Services, progress: Update) -> Outcome:
        from provisioning.operations import compare as operations

        record, document = await operations.compare(services, limit=limit, progress=progress)
        status = exit_status.of_cycle(record)
        return Outcome(document, lambda out: _show(out, document), status)

    run(operation, as_json=as_json, waiting="reading Entra")


def _show(out: Console, document: Document) -> None:
    error = document["cycle"].get("error")
    if error is not None:
        out.print(output.plain(error["message"], "red"), soft_wrap=True)
        out.print(output.plain(error["remedy"]), soft_wrap=True)
        out.print("Nothing was compared, and nothing was written.")
        return
    differing = [item for item in document["items"] if item["outcome"] != "same"]
    if differing:
        out.print(_items_table(differing))
        out.print()
    if document["causes"]:
        out.print(_causes_table(document["causes"]))
        out.print()
    out.print(_counts_table(document))
    _show_rest(out, document, len(differing))


def _show_rest(out: Console, document: Document, shown: int) -> None:
    total = sum(
        sum(number.values()) for name, number in document["counts"].items() if name != "same"
    )
    if total > shown:
        out.print(f"{total - shown} more differ: see --limit.")
    for plan in document["held"]:
        line = f"Would be held until somebody approves: {plan['changes']}. {plan['cause']}"
        out.print(output.plain(line, "yellow"), soft_wrap=True)
    sent = document["cycle"]["requests"]
    out.print(
        f"Read with {sent['graph']} requests to Graph and {sent['scim']} to ZSCloud. "
        "Nothing was written."
    )


def _items_table(items: Sequence[Document]) -> Table:
    table = output.table("Outcome", "Object", "Name", "What", "Why the built-in job has it so")
    for item in items:
        outcome = f"{item['outcome']}, held" if item["held"] else item["outcome"]
        table.add_row(
            Text(outcome, _STYLES.get(item["outcome"], "")),
            item["object_type"],
            output.plain(item["name"]),
            _what(item),
            output.plain(", ".join(item["causes"])),
        )
    return table


def _what(item: Document) -> Text:
    lines = list(change_texts(item["changes"][:FEW_MEMBERS]))
    counted = {
        "members added": item["memberships_added"],
        "members taken out": item["memberships_removed"],
        "members are nobody's, and stay": item["unmanaged"],
    }
    lines += [output.plain(f"{number} {what}") for what, number in counted.items() if number]
    if not lines and item["reason"]:
        lines = [output.plain(item["reason"])]
    return Text("\n").join(lines)


def _causes_table(causes: Sequence[Document]) -> Table:
    table = output.table("Why", "Objects", "What it means", "What to do")
    for cause in causes:
        cells = (cause["code"], cause["count"], cause["sentence"], cause["remedy"])
        table.add_row(*map(output.plain, cells))
    return table


def _counts_table(document: Document) -> Table:
    table = output.table("Users", "Groups", "")
    for name, numbers in document["counts"].items():
        if any(numbers.values()):
            table.add_row(
                str(numbers["user"]),
                str(numbers["group"]),
                Text(_MEANINGS[name], _STYLES.get(name, "")),
            )
    return table
