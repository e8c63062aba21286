"""``doctor``: what keeps the job from working, and what to do about it."""

from __future__ import annotations

import asyncio

from rich.console import Console

from provisioning.cli import output
from provisioning.cli.options import Json
from provisioning.cli.session import Outcome, run_alone
from provisioning.errors import ConfigurationError
from provisioning.operations.documents import Document


def doctor(*, as_json: Json = False) -> None:
    """Check settings, state, Graph with each permission, ZSCloud, webhook, clock and timers.

    Changes nothing. Exit status: 2 if something is set up wrongly, 4 if a system is unavailable or
    refuses the credentials; a warning is 0.
    """
    run_alone(lambda: asyncio.run(_examined()), as_json=as_json)


async def _examined() -> Outcome:
    from provisioning.bootstrap import close_services, services
    from provisioning.operations import doctor as operation

    try:
        with output.notices().status("Checking the settings") as line:
            made = await services()
            document = await operation.examine(made, lambda name: line.update(f"Checking {name}"))
    except ConfigurationError as error:
        document = operation.of_settings(error)
    finally:
        await close_services()
    status = operation.exit_status(document)
    return Outcome(document, lambda out: _show(out, document), status)


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
    out.print(_sentence([check["status"] for check in document["checks"]]))


def _sentence(found: list[str]) -> str:
    failed, warned = found.count("failed"), found.count("warning")
    if failed:
        return f"{failed} of {len(found)} checks failed."
    if warned:
        return f"Nothing failed; {warned} of {len(found)} checks are worth a look."
    return "All is well."
