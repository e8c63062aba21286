"""Runs one operation in this process, on the state store that the settings name."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import typer
from rich.console import Console

from provisioning.cli import exit_status, output
from provisioning.cli.environment import add_local_settings
from provisioning.cli.progress import Update, progress
from provisioning.errors import ProvisioningError
from provisioning.operations.documents import Document

if TYPE_CHECKING:
    from provisioning.services import Services

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a command has to say: a document, how people see it, and the exit status."""

    document: Document
    show: Callable[[Console], None]
    exit_status: int = exit_status.DONE


Operation = Callable[["Services", Update], Awaitable[Outcome]]
"""Calls one operation; told of progress through the second argument."""


class Interrupted(ProvisioningError):
    """Ctrl-C. What was done is recorded, the lease is released."""

    code = "Interrupted"
    remedy = "Nothing was lost: the next cycle goes on with what is left."


def run(operation: Operation, *, as_json: bool, waiting: str | None = None) -> NoReturn:
    """Runs the operation, prints its outcome, and ends the program with its exit status.

    ``waiting`` shows progress, and says what is done before the first news of it.
    """
    run_alone(lambda: asyncio.run(_run(operation, waiting)), as_json=as_json)


def run_alone(operation: Callable[[], Outcome], *, as_json: bool) -> NoReturn:
    """The same for an operation that needs no service, and no setting but those it looks at."""
    error: ProvisioningError
    try:
        add_local_settings(os.environ, Path.cwd())
        outcome = operation()
    except KeyboardInterrupt:
        error, status = Interrupted("Interrupted."), exit_status.INTERRUPTED
    except ProvisioningError as known:
        error, status = known, exit_status.of_error(known)
    except Exception as defect:
        logger.exception("An error of the program itself")
        error = ProvisioningError(f"{type(defect).__name__}: {defect}")
        status = exit_status.DEFECT
    else:
        if as_json:
            output.print_json(outcome.document)
        else:
            outcome.show(output.answers())
        raise typer.Exit(outcome.exit_status)
    output.report_error(error, status, as_json=as_json)
    raise typer.Exit(status)


async def _run(operation: Operation, waiting: str | None) -> Outcome:
    from provisioning.bootstrap import close_services, services

    try:
        made = await services()
        if waiting is None:
            return await operation(made, lambda _: None)
        async with progress(output.notices(), waiting) as update:
            return await operation(made, update)
    finally:
        await close_services()
