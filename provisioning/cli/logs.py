"""``logs``: the provisioning log."""

from __future__ import annotations

from itertools import zip_longest
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer
from rich.console import Console
from rich.text import Text

from provisioning.cli import output
from provisioning.cli.changes import property_texts
from provisioning.cli.completion import actions, cycle_ids, statuses
from provisioning.cli.options import Json
from provisioning.cli.progress import Update
from provisioning.cli.session import Outcome, run
from provisioning.model import ModifiedProperty
from provisioning.operations.documents import Document

if TYPE_CHECKING:
    from provisioning.services import Services


def logs(
    *,
    since: Annotated[
        str | None, typer.Option(metavar="TIME|AGE", help="From then on: RFC 3339, or 30m, 2h, 7d.")
    ] = None,
    until: Annotated[
        str | None, typer.Option(metavar="TIME|AGE", help="Up to then, in the same forms.")
    ] = None,
    principal: Annotated[
        str | None,
        typer.Option(metavar="ID|NAME", help="Of one user or group, with all details."),
    ] = None,
    cycle: Annotated[
        str | None, typer.Option(metavar="ID", help="Of one cycle.", autocompletion=cycle_ids)
    ] = None,
    status: Annotated[
        str | None,
        typer.Option(
            metavar="STATUS", help="success, failure, skipped or held.", autocompletion=statuses
        ),
    ] = None,
    action: Annotated[
        str | None,
        typer.Option(
            metavar="ACTION",
            help="create, update, enable, disable, delete, add_member or remove_member.",
            autocompletion=actions,
        ),
    ] = None,
    limit: Annotated[int, typer.Option(metavar="N", help="Entries of a page, at most 1000.")] = 100,
    after: Annotated[
        str | None, typer.Option(metavar="CURSOR", help="Go on from where a page ended.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Show the provisioning log, newest first: what was done, or not done, to whom, and why."""

    async def operation(services: Services, _: Update) -> Outcome:
        from provisioning.operations.logs import query_logs

        document = await query_logs(
            services,
            since=since,
            until=until,
            principal=principal,
            cycle=cycle,
            status=status,
            action=action,
            limit=limit,
            after=after,
        )
        detailed = principal is not None
        return Outcome(document, lambda out: _show(out, document, detailed=detailed))

    run(operation, as_json=as_json)


def _show(out: Console, document: Document, *, detailed: bool) -> None:
    entries = document["items"]
    for entry, following in zip_longest(entries, entries[1:]):
        out.print(_line(entry), soft_wrap=True)
        if detailed:
            _show_details(out, entry)
        elif entry["remedy"] and (following is None or following["remedy"] != entry["remedy"]):
            # Many entries in a row have the same remedy: it is said once, below them.
            out.print(output.plain(f"  remedy: {entry['remedy']}"), soft_wrap=True)
    if not document["items"]:
        out.print("No entries.")
    if document["next"] is not None:
        out.print(f"More: --after {document['next']}", soft_wrap=True)


def _line(entry: Document) -> Text:
    parts = (
        output.plain(entry["time"], "dim"),
        output.status_text(entry["status"]),
        output.plain(entry["action"] or entry["reason_code"]),
        output.plain(entry["object_type"]),
        output.plain(entry["name"], "bold"),
        output.plain(entry["reason"]),
        output.plain(_member(entry)),
    )
    return Text("  ").join(part for part in parts if part)


def _member(entry: Document) -> str:
    member = entry["member"] or {}
    known = member.get("name") or member.get("source_id") or member.get("target_id")
    return f"member {known}" if known else ""


def _show_details(out: Console, entry: Document) -> None:
    rows: list[tuple[str, object]] = [
        ("  cycle", f"{entry['cycle_id']}, cause {entry['cause']}, attempt {entry['attempt']}"),
        ("  object id", entry["source_id"]),
        ("  ZSCloud id", entry["target_id"]),
        ("  error", entry["error_code"]),
        ("  remedy", entry["remedy"]),
        ("  took", _took(entry)),
    ]
    rows += [
        (f"  {step['name']}", f"{step['status']}: {step['detail']}") for step in entry["steps"]
    ]
    changed = msgspec.convert(entry["modified_properties"], list[ModifiedProperty])
    rows += [("  changed", text) for text in property_texts(changed)]
    out.print(output.pairs(rows))


def _took(entry: Document) -> str | None:
    took, latency = entry["duration_ms"], entry["latency_ms"]
    shown = [] if took is None else [f"{took} ms"]
    shown += [] if latency is None else [f"{latency} ms after the change"]
    return ", ".join(shown) or None
