"""``test-connection``: whether both systems can be reached with what the settings say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console

from provisioning.cli import output
from provisioning.cli.options import Json
from provisioning.cli.progress import Update
from provisioning.cli.session import Outcome, run
from provisioning.operations.documents import Document

if TYPE_CHECKING:
    from provisioning.services import Services


def check_connection(*, as_json: Json = False) -> None:
    """Check that Graph and ZSCloud answer, and that they accept the credentials. Only reads.

    Exit status: 2 if a setting is wrong, 4 if a system is unavailable or refuses the credentials.
    """

    async def operation(services: Services, _: Update) -> Outcome:
        from provisioning.operations import connection

        document = await connection.test_connection(services)
        status = connection.exit_status(document)
        return Outcome(document, lambda out: _show(out, document), status)

    run(operation, as_json=as_json)


def _show(out: Console, document: Document) -> None:
    table = output.table("Check", "Status", "Detail", "Remedy")
    for check in document["checks"]:
        table.add_row(
            check["name"],
            output.status_text(check["status"]),
            output.plain(check["detail"]),
            output.plain(check["remedy"]),
        )
    out.print(table)
    out.print("Both systems can be used." if document["ok"] else "Not all checks passed.")
