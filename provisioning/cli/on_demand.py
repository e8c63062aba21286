"""``on-demand``: named principals, at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer
from rich.console import Console

from provisioning.cli import exit_status, output
from provisioning.cli.attention import attention, attention_table
from provisioning.cli.changes import changes_table
from provisioning.cli.operator import OperatorName, operator
from provisioning.cli.options import DryRun, Json, Wait
from provisioning.cli.progress import Update
from provisioning.cli.session import Outcome, run
from provisioning.model import Change
from provisioning.operations.documents import Document, cycle_document
from provisioning.record import CycleRecord

if TYPE_CHECKING:
    from provisioning.services import Services


def on_demand(
    *,
    users: Annotated[
        list[str] | None,
        typer.Option(
            "--user", metavar="ID|UPN", help="A user: object id or user principal name. Repeatable."
        ),
    ] = None,
    group: Annotated[
        str | None,
        typer.Option("--group", metavar="ID|NAME", help="A group: object id or display name."),
    ] = None,
    dry_run: DryRun = False,
    wait: Wait = 30.0,
    name: OperatorName = None,
    as_json: Json = False,
) -> None:
    """Provision users, or one group, at once, and show the five steps of each.

    Works while PROVISIONING_STATUS is off, so that one test user can go first.
    """

    async def operation(services: Services, _: Update) -> Outcome:
        from provisioning.operations.on_demand import provision_on_demand

        record, document = await provision_on_demand(
            services,
            users=users or (),
            group=group,
            dry_run=dry_run,
            wait=wait,
            operator=operator(name),
        )
        document = {**document, "cycle": cycle_document(record)}
        outcomes = [result["outcome"] for result in document["results"]]
        status = exit_status.of_on_demand(record, outcomes)
        entries = [] if as_json else await attention(services, record.cycle_id, record.kind.value)
        return Outcome(document, lambda out: _show(out, record, document, entries), status)

    run(operation, as_json=as_json, waiting="provisioning on demand")


def _show(
    out: Console, record: CycleRecord, document: Document, entries: Sequence[Document]
) -> None:
    for result in document["results"]:
        _show_result(out, result)
    if entries:
        out.print(attention_table(entries))
    if record.error is not None:
        out.print(output.pairs([("Error", record.error), ("Remedy", record.remedy)]))
    if record.dry_run:
        out.print("Dry run: nothing was sent to ZSCloud.")


def _show_result(out: Console, result: Document) -> None:
    out.print(
        output.pairs(
            [
                ("Name", result["name"]),
                ("Object id", result["source_id"]),
                ("Outcome", output.status_text(result["outcome"])),
            ]
        )
    )
    steps = output.table("Step", "Status", "Detail")
    for step in result["steps"]:
        steps.add_row(
            step["name"], output.status_text(step["status"]), output.plain(step["detail"])
        )
    out.print(steps)
    if result["changes"]:
        out.print(changes_table(msgspec.convert(result["changes"], list[Change])))
    out.print()
