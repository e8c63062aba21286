"""``serve``: the function app on this machine."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from provisioning.cli import exit_status, log_lines, output
from provisioning.cli.environment import add_local_settings
from provisioning.cli.options import Json
from provisioning.errors import ConfigurationError, Problem, ProvisioningError
from provisioning.settings import Settings, load_settings

_QUIET = ("azure", "aiohttp", "httpx", "kiota", "msal", "urllib3")
"""Libraries of which only warnings are shown."""


def serve(
    *,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one.")] = 7071,
    poll: Annotated[
        float | None,
        typer.Option(
            min=0.01,
            max=3600,
            metavar="SECONDS",
            help="Longest pause between looks at an empty queue. Default: as host.json says.",
        ),
    ] = None,
    http_only: Annotated[
        bool,
        typer.Option(
            "--http-only",
            help="Only the HTTP functions, as an instance that Flex Consumption has for them. "
            "Another serve runs timers and queues.",
        ),
    ] = False,
    as_json: Json = False,
) -> None:
    """Run the whole function app on this machine: HTTP, timers and queues, until Ctrl-C.

    For development and for machines without Azure; not for production on Azure. Needs Python 3.13.
    With --json one document with the addresses is printed, on one line, once it answers.
    """
    error: ProvisioningError
    try:
        add_local_settings(os.environ, Path.cwd())
        _log_to_stderr()
        settings = load_settings(os.environ)
        _serve(settings, host, port, poll, http_only=http_only, as_json=as_json)
    except ProvisioningError as known:
        error, status = known, exit_status.of_error(known)
    except Exception as defect:
        logging.getLogger(__name__).exception("An error of the program itself")
        error = ProvisioningError(f"{type(defect).__name__}: {defect}")
        status = exit_status.DEFECT
    else:
        raise typer.Exit(exit_status.DONE)
    output.report_error(error, status, as_json=as_json)
    raise typer.Exit(status)


def _serve(
    settings: Settings,
    host: str,
    port: int,
    poll: float | None,
    *,
    http_only: bool,
    as_json: bool,
) -> None:
    try:
        from devhost import ready, serving
        from devhost.errors import WorkerError
    except ImportError as error:
        raise _not_here(error) from error
    from provisioning.bootstrap import close_services

    def show(document: dict[str, Any]) -> None:
        if as_json:
            # On one line: the reader cannot wait for the end of the output.
            typer.echo(msgspec.json.encode(document))
        else:
            typer.echo("\n".join(ready.banner(document)))
        sys.stdout.flush()

    options = serving.Serve(
        host=host,
        port=port,
        key=settings.function_key,
        environ=os.environ,
        state_path=settings.state_store,
        poll=poll,
        http_only=http_only,
    )
    try:
        asyncio.run(serving.serve(options, show, close_services))
    except WorkerError as error:
        logging.getLogger(__name__).exception("The app cannot be loaded: %s", error.stack)
        raise _refused("function_app.py", f"cannot be loaded: {error}", "Correct it.") from error


def _not_here(error: ImportError) -> ConfigurationError:
    if error.name == "devhost":
        message = "needs the folder devhost, which is not deployed."
        remedy = "Run it from the repository; in Azure the platform runs the app."
    else:
        message = f"cannot run here. {error}"
        remedy = "Use Python 3.13 with the packages of requirements-dev.txt, or `func start`."
    return _refused("serve", message, remedy)


def _refused(field: str, message: str, remedy: str) -> ConfigurationError:
    return ConfigurationError((Problem(field, message, remedy),))


def _log_to_stderr() -> None:
    log_lines.to_stderr(logging.INFO, "%(asctime)sZ %(levelname)s %(name)s: %(message)s")
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
