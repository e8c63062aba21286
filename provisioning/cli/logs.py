"""``logs``: the provisioning log."""

from __future__ import annotations

from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from rich.console import Console
from rich.text import Text

from provisioning.cli import output
from provisioning.cli.changes import property_texts
from provisioning.cli.log_options import (
    Action,
    After,
    Cause,
    Cycle,
    ErrorCode,
    Format,
    Limit,
    Output,
    Principal,
    Since,
    Status,
    Target,
    Until,
)
from provisioning.cli.options import Json
from provisioning.cli.progress import Update
from provisioning.cli.session import Outcome, run
from provisioning.errors import InvalidRequest, Problem
from provisioning.model import ModifiedProperty
from provisioning.operations.documents import Document

if TYPE_CHECKING:
    from provisioning.operations.log_formats import LogFormat
    from provisioning.services import Services

_PAGE = 100
"""Entries that are shown where nobody says how many."""


def logs(
    *,
    since: Since = None,
    until: Until = None,
    principal: Principal = None,
    target: Target = None,
    cycle: Cycle = None,
    status: Status = None,
    action: Action = None,
    cause: Cause = None,
    error_code: ErrorCode = None,
    limit: Limit = None,
    after: After = None,
    format: Format = None,
    to: Output = None,
    as_json: Json = False,
) -> None:
    """Show the provisioning log, newest first: what was done, or not done, to whom, and why."""

    async def operation(services: Services, _: Update) -> Outcome:
        from provisioning.operations.logs import LogFilters, log_page, log_query

        filters = LogFilters(
            since=since,
            until=until,
            principal=principal,
            target=target,
            cycle=cycle,
            status=status,
            action=action,
            cause=cause,
            error_code=error_code,
        )
        chosen = _format(format, to, as_json=as_json)
        if chosen is not None:
            from provisioning.cli.log_export import export

            return await export(services, filters, chosen, to, limit=limit, after=after)
        size = _PAGE if limit is None else limit
        query = await log_query(services, filters, limit=size, after=after)
        document = await log_page(services, query)
        detailed = principal is not None or target is not None
        return Outcome(document, lambda out: _show(out, document, detailed=detailed))

    run(operation, as_json=as_json)


def _format(format: str | None, to: Path | None, *, as_json: bool) -> LogFormat | None:
    """Raises ``InvalidRequest`` for options that do not go together."""
    from provisioning.operations.log_formats import log_format

    if format is None and to is not None:
        problem = Problem("output", "needs a format", "Give --format jsonl or --format csv.")
        raise InvalidRequest(problem)
    if format is not None and as_json:
        problem = Problem("format", "does not go with --json", "Give one of the two.")
        raise InvalidRequest(problem)
    return None if format is None else log_format(format)


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
