"""The commands, and what the program says by itself.

Nothing here imports a client of a remote system: ``--help`` answers at once.
"""

from __future__ import annotations

import logging
import signal
import sys

import typer

from provisioning.cli import exit_status, log_lines, output
from provisioning.cli.alerts import app as alerts
from provisioning.cli.compare import compare
from provisioning.cli.connection import check_connection
from provisioning.cli.cycle import cycle, plan
from provisioning.cli.doctor import doctor
from provisioning.cli.drift import app as drift
from provisioning.cli.due import app as due
from provisioning.cli.escrow import app as escrow
from provisioning.cli.explain import explain
from provisioning.cli.held import app as held
from provisioning.cli.logs import logs
from provisioning.cli.on_demand import on_demand
from provisioning.cli.schema import app as schema
from provisioning.cli.serve import serve
from provisioning.cli.state import app as state
from provisioning.cli.status import status
from provisioning.cli.subscriptions import app as subscriptions
from provisioning.cli.switches import restart, start, stop
from provisioning.errors import InvalidRequest, Problem

_PROGRAM = "python -m provisioning"

_HELP = """Keep ZSCloud equal to the assignments of its enterprise application in Entra ID.

Settings come from the environment. A local.settings.json in the working directory sets those
that the environment does not.

Exit status: 0 done, 1 some objects failed, 2 configuration or usage, 3 held or quarantined,
4 remote system unavailable, 130 interrupted.
"""

_FIRST_STEPS = f"""Keeps ZSCloud equal to the assignments of its enterprise application in Entra ID.

1. Set ENTRA_SERVICE_PRINCIPAL_ID, ZSCLOUD_SCIM_BASE_URL and ZSCLOUD_SCIM_TOKEN, in the
   environment or in local.settings.json.
2. {_PROGRAM} doctor                   is everything there, and allowed?
3. {_PROGRAM} plan                     what would be sent, and why
4. {_PROGRAM} on-demand --user UPN     one test user first
5. Set PROVISIONING_STATUS=on, then:
   {_PROGRAM} cycle                    provision everybody who is assigned

{_PROGRAM} --help shows all commands."""

# Typer's own tracebacks are off: they may show local variables, and one of them is the token.
app = typer.Typer(
    invoke_without_command=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


@app.callback(help=_HELP)
def _first_steps(context: typer.Context) -> None:
    if context.invoked_subcommand is None:
        typer.echo(_FIRST_STEPS)


for _command in (
    cycle,
    plan,
    on_demand,
    status,
    doctor,
    compare,
    logs,
    explain,
    stop,
    start,
    restart,
    serve,
):
    app.command()(_command)
app.command("test-connection")(check_connection)
app.add_typer(due, name="due")
app.add_typer(escrow, name="escrow")
app.add_typer(drift, name="drift")
app.add_typer(subscriptions, name="subscriptions")
app.add_typer(alerts, name="alerts")
app.add_typer(schema, name="schema")
app.add_typer(held, name="held")
app.add_typer(state, name="state")


def _require_text(arguments: list[str]) -> None:
    """Raises ``InvalidRequest`` for bytes that are no text: no system could be asked about them."""
    for number, argument in enumerate(arguments, 1):
        try:
            argument.encode()
        except UnicodeEncodeError:
            seen = f"the argument {number}, {argument!r}, holds bytes that are no text"
            raise InvalidRequest(
                Problem("arguments", seen, "Write it in the encoding of this terminal.")
            ) from None


def main() -> None:
    """Runs the command that the arguments name, and exits with its status."""
    output.tolerate_narrow_encodings()
    log_lines.to_stderr(logging.WARNING, "%(message)s")
    arguments = sys.argv[1:]
    try:
        _require_text(arguments)
        if "--json" not in arguments:
            app(arguments, prog_name=_PROGRAM)
        sys.exit(app(arguments, prog_name=_PROGRAM, standalone_mode=False))
    except InvalidRequest as error:
        output.report_error(error, exit_status.USAGE, as_json="--json" in arguments)
        sys.exit(exit_status.USAGE)
    except typer.TyperException as error:
        wrong = InvalidRequest(
            Problem("arguments", error.format_message(), f"See `{_PROGRAM} --help`.")
        )
        output.report_error(wrong, exit_status.USAGE, as_json=True)
        sys.exit(exit_status.USAGE)
    finally:
        # The outcome is known and printed: Ctrl-C from here on must not change the exit status.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
