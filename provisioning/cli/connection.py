"""``test-connection``: whether both systems can be reached with what the settings say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from provisioning.cli.checks import show
from provisioning.cli.options import Json
from provisioning.cli.progress import Update
from provisioning.cli.session import Outcome, run

if TYPE_CHECKING:
    from provisioning.services import Services


def check_connection(*, as_json: Json = False) -> None:
    """Check that Graph and ZSCloud answer, and that they accept the credentials. Only reads.

    Exit status: 2 if a setting is wrong, 4 if a system is unavailable or refuses the credentials.
    """

    async def operation(services: Services, _: Update) -> Outcome:
        from provisioning.operations.checks import exit_status
        from provisioning.operations.connection import test_connection

        document = await test_connection(services)
        end = "Both systems can be used." if document["ok"] else "Not all checks passed."
        return Outcome(document, lambda out: show(out, document, end), exit_status(document))

    run(operation, as_json=as_json)
