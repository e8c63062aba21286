"""``stop``, ``start`` and ``restart``: the operators' switches."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from provisioning.cli import output
from provisioning.cli.completion import reset_scopes
from provisioning.cli.operator import OperatorName, operator
from provisioning.cli.options import Json, Wait
from provisioning.cli.progress import Update
from provisioning.cli.session import Outcome, run
from provisioning.errors import InvalidRequest, Problem
from provisioning.operations.documents import Document

if TYPE_CHECKING:
    from provisioning.services import Services

_GONE = {
    "watermarks": "watermarks: everything is read from Entra once more",
    "links": "links: who is who in ZSCloud is found out anew",
    "escrow": "entries of escrow: they are tried at once",
    "quarantine": "quarantine: work begins without a probe",
    "mirror": "users and groups as Entra last showed them",
}


def stop(
    *,
    note: Annotated[str, typer.Option(metavar="TEXT", help="Why, for whoever looks.")] = "",
    name: OperatorName = None,
    as_json: Json = False,
) -> None:
    """Stop sending to ZSCloud, within a quarter of a second, until `start`.

    Nothing is lost: an open cycle goes on where it is. Dry runs and diagnostics still work.
    """

    async def operation(services: Services, _: Update) -> Outcome:
        from provisioning.operations import switches

        document = await switches.stop(services, operator(name), note)
        return Outcome(document, lambda out: _show_stopped(out, document))

    run(operation, as_json=as_json)


def start(*, name: OperatorName = None, as_json: Json = False) -> None:
    """End a stop. A deployment that runs goes on at once; where none does, run `cycle`."""

    async def operation(services: Services, _: Update) -> Outcome:
        from provisioning.operations import switches

        document = await switches.start(services, operator(name))
        said = "Started." if document["changed"] else "It was not stopped."
        return Outcome(document, lambda out: out.print(said))

    run(operation, as_json=as_json)


def restart(
    *,
    reset_scope: Annotated[
        str | None,
        typer.Option(
            metavar="LIST",
            help="What to begin anew, with commas between: watermark, escrows, quarantine, links, "
            "full. Without: the first three.",
            autocompletion=reset_scopes,
        ),
    ] = None,
    take_over: Annotated[
        str | None,
        typer.Option(
            metavar="JOB", help="The job that the store holds, whose place this one is to take."
        ),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    name: OperatorName = None,
    wait: Wait = 30.0,
    as_json: Json = False,
) -> None:
    """Begin anew: forget what the scopes name, then look at everybody in an initial cycle.

    Held plans, decisions, the windows of the brake, logs and waiting work always stay. With
    `links` or `full` the next cycle is a rebuild.
    """

    async def work(services: Services, _: Update) -> Outcome:
        from provisioning.forgetting import scopes_of
        from provisioning.operations import restart as operation

        scopes = scopes_of(reset_scope)
        shown = await operation.preview(services, scopes, take_over)
        if not yes:
            _ask(shown, take_over)
        ordered = await operation.order(services, scopes, operator(name), take_over=take_over)
        await operation.carried_out(services, wait)
        return Outcome(ordered, lambda out: _show_restarted(out, services, ordered))

    run(work, as_json=as_json)


def _ask(shown: Document, take_over: str | None) -> None:
    """Raises ``InvalidRequest`` unless somebody agrees."""
    out = output.notices()
    if take_over is not None:
        out.print(output.plain(f"The store is taken over from the job {take_over}."))
    _show_forgotten(out, shown)
    remedy = "Nothing was forgotten. Give --yes to go on without being asked."
    if not sys.stdin.isatty():
        raise InvalidRequest(Problem("yes", "nobody is there to be asked", remedy))
    if not typer.confirm("Forget this and begin anew?", err=True):
        raise InvalidRequest(Problem("yes", "it was declined", remedy))


def _show_forgotten(out: Console, shown: Document) -> None:
    out.print(output.plain(f"Reset scope: {', '.join(shown['reset_scope'])}."))
    for name, count in shown["forgets"].items():
        out.print(output.plain(f"  {count} {_GONE[name]}"))
    if shown["rebuild"]:
        out.print("The next cycle is a rebuild: links come back by externalId, then by name.")
        if shown["leavers_waiting"]:
            leavers = f"{shown['leavers_waiting']} removals wait to be sent"
            out.print(output.plain(f"{leavers}: without links they come back as a held plan."))
    if shown["held"]:
        out.print(output.plain(f"{shown['held']} held removals, and all decisions, stay."))


def _show_stopped(out: Console, document: Document) -> None:
    stopped = document["stopped"]
    if document["changed"]:
        out.print("Stopped. `start` ends it.")
    else:
        out.print(output.plain(f"It was stopped already, by {stopped['by']}."))


def _show_restarted(out: Console, services: Services, ordered: Document) -> None:
    _show_forgotten(out, ordered)
    if services.settings.provisioning_status != "on":
        out.print("Done. It goes on when PROVISIONING_STATUS is on.")
    else:
        out.print("Done. A deployment that runs goes on at once; where none does, run `cycle`.")
