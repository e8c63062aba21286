"""``held``: what the brake holds, read, approved or rejected."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from provisioning.cli import exit_status, output
from provisioning.cli.completion import plan_ids
from provisioning.cli.group import group
from provisioning.cli.operator import OperatorName, operator
from provisioning.cli.options import Json, Wait
from provisioning.cli.progress import Update
from provisioning.cli.session import Outcome, run
from provisioning.operations.csv_rows import csv_row
from provisioning.operations.documents import Document
from provisioning.record import CycleKind, CycleRecord, CycleStatus

if TYPE_CHECKING:
    from provisioning.services import Services

PlanId = Annotated[
    str, typer.Argument(metavar="ID", help="As `held list` shows it.", autocompletion=plan_ids)
]

_COLUMNS = ("change_id", "action", "object_type", "name", "member", "reason_code", "reason")


def list_(*, as_json: Json = False) -> None:
    """Show the plans, newest first, and what is kept by decision."""

    async def operation(services: Services, _: Update) -> Outcome:
        from provisioning.operations import held

        document = await held.list_(services)
        return Outcome(document, lambda out: _show_list(out, document))

    run(operation, as_json=as_json)


app = group("Read what the brake holds, approve it exactly as shown, or reject it.", list_)


@app.command(short_help="One plan: who, why, since when.")
def show(
    id: PlanId,
    *,
    export: Annotated[
        Path | None,
        typer.Option("--csv", metavar="FILE", help="Write the changes to a file as CSV; - prints."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Show one plan with all its changes: who, why, since when."""

    async def operation(services: Services, _: Update) -> Outcome:
        document = await _whole(services, id)
        if export is not None:
            _write_csv(export, document)
        return Outcome(document, lambda out: _show_plan(out, document, export))

    run(operation, as_json=as_json)


@app.command(short_help="Carry a plan out as it is shown.")
def approve(
    id: PlanId,
    *,
    only: Annotated[
        list[str] | None,
        typer.Option(metavar="CHANGE_ID", help="This change alone. Repeatable."),
    ] = None,
    name: OperatorName = None,
    wait: Wait = 30.0,
    as_json: Json = False,
) -> None:
    """Approve a plan exactly as it is shown, once, and carry it out.

    Each change is checked again; what the source has moved on from is left out, with the reason.
    """

    async def work(services: Services, progress: Update) -> Outcome:
        from provisioning.operations import held

        plan = await held.approve(services, id, only, operator(name))
        return await _carried_out(services, plan, wait, progress)

    run(work, as_json=as_json, waiting="waiting for the lease of this ZSCloud tenant")


@app.command(short_help="Keep the access.")
def reject(
    id: PlanId,
    *,
    note: Annotated[str, typer.Option(metavar="TEXT", help="Why the access is to stay.")],
    name: OperatorName = None,
    wait: Wait = 30.0,
    as_json: Json = False,
) -> None:
    """Reject a plan: its changes are not proposed again until the facts change."""

    async def work(services: Services, progress: Update) -> Outcome:
        from provisioning.operations import held

        plan = await held.reject(services, id, note, operator(name))
        return await _carried_out(services, plan, wait, progress)

    run(work, as_json=as_json, waiting="waiting for the lease of this ZSCloud tenant")


async def _carried_out(
    services: Services, plan: Document, wait: float | None, progress: Update
) -> Outcome:
    """A cycle carries the decision out, here if the lease is free, else in who has it."""
    from provisioning.errors import LeaseUnavailable
    from provisioning.operations.cycles import run_cycle
    from provisioning.operations.switches import stopped

    record: CycleRecord | None = None
    waits = await stopped(services)
    if services.settings.provisioning_status == "on" and waits is None:
        try:
            kind = CycleKind.INCREMENTAL
            record, _ = await run_cycle(services, kind, wait=wait, progress=progress)
        except LeaseUnavailable:
            record = None
    status = exit_status.DONE
    if record is not None and record.status not in (CycleStatus.HELD, CycleStatus.COMPLETED):
        status = exit_status.of_cycle(record)
    document = {**plan, "carried_out": record is not None}
    until = "Another process is writing to this ZSCloud tenant: it carries it out."
    if services.settings.provisioning_status != "on":
        until = "It is carried out when PROVISIONING_STATUS is on."
    elif waits is not None:
        until = "The job is stopped: it is carried out after `start`."
    return Outcome(document, lambda out: _show_decided(out, plan, record, until), status)


async def _whole(services: Services, id: str) -> Document:
    from provisioning.operations import held

    document = await held.show(services, id)
    while document["next"] is not None:
        page = await held.show(services, id, document["next"])
        document["changes"] += page["changes"]
        document["next"] = page["next"]
    return document


def _show_list(out: Console, document: Document) -> None:
    if not document["items"] and not document["kept"]:
        out.print("Nothing is held.")
    if document["items"]:
        table = output.table("Plan", "State", "Created", "Expires", "Takes away", "Why")
        for item in document["items"]:
            table.add_row(
                output.plain(item["id"]),
                output.status_text(item["state"]),
                output.plain(item["created"]),
                output.plain(item["expires"]),
                output.plain(_counts(item)),
                output.plain(item["cause"]),
            )
        out.print(table)
        out.print("`held show ID` shows who; `held approve ID` or `held reject ID --note` decides.")
    if document["kept"]:
        table = output.table("Kept by decision", "Action", "Since", "By", "Note")
        for item in document["kept"]:
            cells = (item["name"], item["action"], item["at"], item["by"], item["note"])
            table.add_row(*(output.plain(cell) for cell in cells))
        out.print(table)


def _counts(plan: Document) -> str:
    return ", ".join(f"{n} {kind}" for kind, n in plan["counts"].items() if n)


def _show_plan(out: Console, document: Document, export: Path | None) -> None:
    out.print(
        output.pairs(
            [
                ("Plan", document["id"]),
                ("State", output.status_text(document["state"])),
                ("Takes away", _counts(document)),
                ("Why", document["cause"]),
                ("Created", document["created"]),
                ("Expires", document["expires"]),
                ("Decided", document["decided"]),
                ("By", document["decided_by"]),
                ("Note", document["note"]),
                ("Checksum", document["checksum"]),
            ]
        )
    )
    if export is not None:
        return
    table = output.table("Change", "Action", "Who", "Since", "Why")
    for change in document["changes"]:
        why = change.get("dropped") or change["reason"]
        table.add_row(
            output.plain(change["change_id"]),
            output.plain(change["action"]),
            output.plain(_who(change)),
            output.plain(change["since"]),
            output.plain(f"dropped out: {why}" if "dropped" in change else why),
        )
    out.print(table)


def _who(change: Document) -> str:
    member = change["member"]
    if member is None:
        return str(change["name"])
    return f"{member['name'] or member['target_id']} of {change['name']}"


def _show_decided(out: Console, plan: Document, record: CycleRecord | None, until: str) -> None:
    out.print(output.plain(f"The held plan {plan['id']} is {plan['state']}."))
    if plan.get("rest"):
        out.print(output.plain(f"What was not chosen waits on as {plan['rest']}."))
    if record is not None:
        counts = record.counts
        gone = f"{counts.disabled} disabled, {counts.deleted} deleted"
        gone += f", {counts.memberships_removed} memberships removed"
        out.print(output.plain(f"Cycle {record.cycle_id}: {gone}, {counts.failed} failed."))
    else:
        out.print(until)


def _write_csv(path: Path, document: Document) -> None:
    """The changes as CSV, with the plan's checksum in each row."""
    rows = [csv_row([*_COLUMNS, "since", "plan", "checksum"])]
    for change in document["changes"]:
        values = {**change, "member": _who(change) if change["member"] else ""}
        of_plan = (change["since"], document["id"], document["checksum"])
        rows.append(csv_row([*(values[name] for name in _COLUMNS), *of_plan]))
    if str(path) == "-":
        sys.stdout.write("".join(rows))
    else:
        path.write_text("".join(rows), encoding="utf-8", newline="")
