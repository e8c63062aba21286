"""``subscriptions``: the subscriptions to change notifications that Graph holds for this app."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from provisioning.cli import exit_status, output
from provisioning.cli.group import group
from provisioning.cli.operator import OperatorName, operator
from provisioning.cli.options import Json, Wait
from provisioning.cli.progress import Update
from provisioning.cli.session import Outcome, run
from provisioning.operations.documents import Document

if TYPE_CHECKING:
    from provisioning.services import Services
    from provisioning.subscriptions.report import Report


def list_(*, as_json: Json = False) -> None:
    """Show what Graph has: resource, end, host of the URL, and which are this job's."""

    async def operation(services: Services, _: Update) -> Outcome:
        from provisioning.operations import subscriptions

        document = await subscriptions.list_(services)
        return Outcome(document, lambda out: _show_list(out, document))

    run(operation, as_json=as_json)


app = group("List, ensure, renew or delete the subscriptions to change notifications.", list_)


@app.command(short_help="Bring Graph to what the settings say.")
def ensure(*, wait: Wait = 30.0, name: OperatorName = None, as_json: Json = False) -> None:
    """Bring Graph to what the settings say: make, adopt, renew, make anew, delete.

    Exit status: 2 or 4 if something could not be done, with what to do about it.
    """

    async def operation(services: Services, _: Update) -> Outcome:
        from provisioning.operations import subscriptions

        report = await subscriptions.ensure(services, wait=_seconds(wait), operator=operator(name))
        return _outcome(services, report)

    run(operation, as_json=as_json, waiting="looking after the subscriptions")


@app.command(short_help="Prolong those that there are.")
def renew(*, wait: Wait = 30.0, name: OperatorName = None, as_json: Json = False) -> None:
    """Prolong those that there are, however long they have to live."""

    async def operation(services: Services, _: Update) -> Outcome:
        from provisioning.operations import subscriptions

        report = await subscriptions.renew(services, wait=_seconds(wait), operator=operator(name))
        return _outcome(services, report)

    run(operation, as_json=as_json, waiting="renewing the subscriptions")


@app.command(short_help="Delete one.")
def delete(
    id: Annotated[str, typer.Argument(metavar="ID", help="As `subscriptions list` shows it.")],
    *,
    wait: Wait = 30.0,
    name: OperatorName = None,
    as_json: Json = False,
) -> None:
    """Delete one of this application's, also one that belongs to another deployment.

    One of this job's is made anew by itself, as long as NOTIFICATION_URL is set.
    """

    async def operation(services: Services, _: Update) -> Outcome:
        from provisioning.operations import subscriptions

        document = await subscriptions.delete(
            services, id, wait=_seconds(wait), operator=operator(name)
        )
        return Outcome(document, lambda out: out.print(output.plain(f"Deleted {id}.")))

    run(operation, as_json=as_json)


def _seconds(wait: float | None) -> float:
    return float("inf") if wait is None else wait


def _outcome(services: Services, report: Report) -> Outcome:
    from provisioning.operations.subscriptions import report_document

    document = report_document(services, report)
    status = exit_status.of_failures(failure.code for failure in report.failures)
    return Outcome(document, lambda out: _show_report(out, document), status)


def _show_list(out: Console, document: Document) -> None:
    if not document["items"]:
        out.print("Graph has no subscription of this application.")
        return
    table = output.table("Resource", "Id", "Ends", "Host", "Changes", "Whose")
    for item in document["items"]:
        table.add_row(
            output.plain(item["resource"]),
            output.plain(item["id"]),
            output.plain(item["expires"]),
            output.plain(item["host"]),
            output.plain(", ".join(item["change_types"])),
            "this job's" if item["ours"] else "another's",
        )
    out.print(table)


def _show_report(out: Console, document: Document) -> None:
    if document["host"] is None:
        out.print("NOTIFICATION_URL is not set: nothing is subscribed to.")
    for item in document["items"]:
        error = item["error"]
        status = output.status_text("ok" if error is None else "failed")
        out.print(
            output.pairs(
                [
                    (item["resource"], status),
                    ("  done", item["action"] if error is None else None),
                    ("  why", item["why"] if error is None else error["message"]),
                    ("  remedy", None if error is None else error["remedy"]),
                    ("  id", item["id"]),
                    ("  ends", item["expires"]),
                ]
            )
        )
    for id in document["deleted"]:
        out.print(output.plain(f"Deleted {id}."))
    if document["look_wanted"]:
        out.print("Notifications may have been lost: the next look reads what changed meanwhile.")
