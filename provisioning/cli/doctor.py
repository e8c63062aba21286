"""``doctor``: what keeps the job from working, and what to do about it."""

from __future__ import annotations

import asyncio

from provisioning.cli import output
from provisioning.cli.checks import show
from provisioning.cli.options import Json
from provisioning.cli.session import Outcome, run_alone
from provisioning.errors import ConfigurationError


def doctor(*, as_json: Json = False) -> None:
    """Check settings, state, Graph with each permission, ZSCloud, webhook, clock and timers.

    Changes nothing. Exit status: 2 if something is set up wrongly, 4 if a system is unavailable or
    refuses the credentials; a warning is 0.
    """
    run_alone(lambda: asyncio.run(_examined()), as_json=as_json)


async def _examined() -> Outcome:
    from provisioning.bootstrap import close_services, services
    from provisioning.operations.checks import exit_status, of_settings
    from provisioning.operations.doctor import examine

    try:
        with output.notices().status("Checking the settings") as line:
            made = await services()
            document = await examine(made, lambda name: line.update(f"Checking {name}"))
    except ConfigurationError as error:
        document = of_settings(error)
    finally:
        await close_services()
    end = _sentence([check["status"] for check in document["checks"]])
    return Outcome(document, lambda out: show(out, document, end), exit_status(document))


def _sentence(found: list[str]) -> str:
    failed, warned = found.count("failed"), found.count("warning")
    if failed:
        return f"{failed} of {len(found)} checks failed."
    if warned:
        return f"Nothing failed; {warned} of {len(found)} checks are worth a look."
    return "All is well."
