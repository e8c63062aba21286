"""``cycle`` and ``plan``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec
from rich.console import Console
from rich.table import Table

from provisioning.cli import exit_status, output
from provisioning.cli.attention import attention, attention_table
from provisioning.cli.changes import changes_table
from provisioning.cli.drift import drift_line, findings_table
from provisioning.cli.operator import OperatorName, operator
from provisioning.cli.options import DryRun, Json, Kind, KindOption, Wait
from provisioning.cli.progress import Update
from provisioning.cli.session import Outcome, run
from provisioning.model import Change
from provisioning.operations.documents import Document, cycle_document
from provisioning.record import CycleKind, CycleRecord, CycleStatus

if TYPE_CHECKING:
    from provisioning.services import Services

_WAITING = "waiting for the lease of this ZSCloud tenant"


def cycle(
    *,
    kind: KindOption = "incremental",
    dry_run: DryRun = False,
    wait: Wait = None,
    name: OperatorName = None,
    as_json: Json = False,
) -> None:
    """Run a cycle: find who differs, and provision them.

    A cycle that was interrupted goes on. Waits for the lease without limit unless told.
    Exit status: 1 if objects failed, 3 if removals are held.
    """
    _run(kind, dry_run=dry_run, wait=wait, name=name, as_json=as_json)


def plan(*, kind: KindOption = "incremental", wait: Wait = None, as_json: Json = False) -> None:
    """Show what a cycle would send, and why. Nothing is sent; nothing but the plan is stored."""
    _run(kind, dry_run=True, wait=wait, name=None, as_json=as_json)


def _run(kind: Kind, *, dry_run: bool, wait: float | None, name: str | None, as_json: bool) -> None:
    async def operation(services: Services, progress: Update) -> Outcome:
        from provisioning.operations.cycles import run_whole_cycle

        record, changes, findings, held = await run_whole_cycle(
            services,
            CycleKind(kind),
            dry_run=dry_run,
            wait=wait,
            progress=progress,
            operator=operator(name),
        )
        document = cycle_document(record, changes if dry_run else None, findings, held)
        entries = [] if dry_run or as_json else await attention(services, record.cycle_id)
        status = exit_status.of_cycle(record)
        changed = (changes, held)
        return Outcome(document, lambda out: _show(out, document, record, changed, entries), status)

    run(operation, as_json=as_json, waiting=_WAITING)


def _show(
    out: Console,
    document: Document,
    record: CycleRecord,
    changed: tuple[Sequence[Change], Sequence[Change]],
    entries: Sequence[Document],
) -> None:
    """``changed`` is, of a dry run, what would be sent, and what would be held."""
    changes, held = changed
    if findings := document.get("findings"):
        out.print(findings_table(findings, title="Edited by hand in ZSCloud"))
        out.print()
    if record.dry_run and changes:
        out.print(changes_table(changes))
        out.print()
    if held:
        out.print(changes_table(held, title="Would be held until somebody approves it"))
        out.print()
    if entries:
        out.print(attention_table(entries))
        out.print()
    out.print(_summary(record, document))
    if record.dry_run:
        out.print("Dry run: nothing was sent to ZSCloud.")
    if record.status is CycleStatus.STOPPED:
        out.print("It was interrupted, and goes on: after `start`, or as a restart has it.")
    if not record.dry_run and record.counts.held > sum(
        entry["status"] == "held" for entry in entries
    ):
        out.print("Removals are held: `held list` shows the plans.")


def _summary(record: CycleRecord, document: Document) -> Table:
    took = None if record.finished is None else output.duration(record.finished - record.started)
    counts = msgspec.to_builtins(record.counts)
    sent = record.requests
    requests = f"{sent.scim} to ZSCloud, {sent.graph} to Graph, {sent.throttled} throttled"
    return output.pairs(
        [
            ("Cycle", f"{record.cycle_id} ({record.kind.value})"),
            ("Status", output.status_text(record.status.value)),
            ("Error", record.error),
            ("Remedy", record.remedy),
            (
                "Would be" if record.dry_run else "Objects",
                ", ".join(f"{name.replace('_', ' ')} {n}" for name, n in counts.items() if n),
            ),
            ("Drift", None if record.drift is None else drift_line(document["drift"])),
            ("Requests", requests),
            ("Took", took),
        ]
    )
