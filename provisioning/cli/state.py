"""``state export`` and ``state import``: backup, and from one store to another."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from provisioning.cli import output
from provisioning.cli.options import Json, Wait
from provisioning.cli.progress import Update
from provisioning.cli.session import Outcome, run
from provisioning.operations.documents import Document

if TYPE_CHECKING:
    from provisioning.services import Services

app = typer.Typer(
    no_args_is_help=True,
    help="Write the state of the job to a file, or fill an empty store from one.",
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

_WAITING = "waiting for the lease of this ZSCloud tenant"


@app.command("export", short_help="Write the state to a new file.")
def export(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A new file.")],
    *,
    with_log: Annotated[
        bool, typer.Option("--with-log", help="With the provisioning log, which may be large.")
    ] = False,
    wait: Wait = 30.0,
    as_json: Json = False,
) -> None:
    """Write the state to a new file: links, watermarks, held plans, decisions, escrow, orders.

    The file holds personal data: only its owner may read it. Nothing is sent to ZSCloud meanwhile.
    """

    async def operation(services: Services, progress: Update) -> Outcome:
        from provisioning.operations.state import export_state

        document = await export_state(
            services, file, with_log=with_log, wait=wait, progress=progress
        )
        return Outcome(document, lambda out: _show(out, document, "Exported"))

    run(operation, as_json=as_json, waiting=_WAITING)


@app.command("import", short_help="Fill an empty store from an export.")
def import_(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="An export of this job.")],
    *,
    wait: Wait = 30.0,
    as_json: Json = False,
) -> None:
    """Fill an empty store from an export of the same job.

    All of the file is checked before anything is written. An import that was interrupted is begun
    anew by the same command; until then every other command refuses the store.
    """

    async def operation(services: Services, progress: Update) -> Outcome:
        from provisioning.operations.state import import_state

        document = await import_state(services, file, wait=wait, progress=progress)
        return Outcome(document, lambda out: _show(out, document, "Imported"))

    run(operation, as_json=as_json, waiting=_WAITING)


def _show(out: Console, document: Document, done: str) -> None:
    log = "with the provisioning log" if document["log"] else "without the provisioning log"
    if document.get("repeated"):
        out.print("An import that was not finished was begun anew.")
    rows, tables = document["rows"], document["tables"]
    out.print(output.plain(f"{done} {rows} rows of {len(tables)} tables, {log}."))
    out.print(
        output.pairs(
            [
                ("Job", document["job"]),
                ("File", document["file"]),
                ("As of", document["exported_at"]),
                ("Links", tables.get("link", 0)),
                ("SHA-256", document["sha256"]),
            ]
        )
    )
