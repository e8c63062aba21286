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
from provisioning.cli.completion import VARIABLE, completion, enable
from provisioning.cli.connection import check_connection
from provisioning.cli.cycle import cycle, plan
from provisioning.cli.doctor import doctor
from provisioning.cli.drift import app as drift
from provisioning.cli.due import app as due
from provisioning.cli.escrow import app as escrow
from provisioning.cli.explain import explain
from provisioning.cli.first_steps import show_first_steps
from provisioning.cli.held import app as held
from provisioning.cli.logs import logs
from provisioning.cli.on_demand import on_demand
from provisioning.cli.options import Json, refuse_early_json
from provisioning.cli.schema import app as schema
from provisioning.cli.serve import serve
from provisioning.cli.state import app as state
from provisioning.cli.status import status
from provisioning.cli.subscriptions import app as subscriptions
from provisioning.cli.switches import restart, start, stop
from provisioning.errors import InvalidRequest, Problem

_PROGRAM = "python -m provisioning"

_HELP = """Keep ZSCloud equal to the assignments of its enterprise application in Entra ID.

Without a command it says what to do first, or next.

Settings come from the environment. A local.settings.json in the working directory sets those
that the environment does not.

Exit status: 0 done, 1 some objects failed, 2 configuration or usage, 3 held or quarantined,
4 remote system unavailable, 130 interrupted.
"""

# Typer's own tracebacks are off: they may show local variables, and one of them is the token.
app = typer.Typer(
    invoke_without_command=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


@app.callback(help=_HELP)
def _first_steps(context: typer.Context, *, as_json: Json = False) -> None:
    if context.invoked_subcommand is None:
        show_first_steps(as_json=as_json)
    else:
        refuse_early_json(as_json=as_json)


# In the order in which somebody who is new here comes to need them.
app.command("doctor", short_help="What is wrong, and what to do about it.")(doctor)
app.command("test-connection", short_help="Whether Entra and ZSCloud answer.")(check_connection)
app.command("plan", short_help="What a cycle would send. Sends nothing.")(plan)
app.command("on-demand", short_help="Provision one user or group now.")(on_demand)
app.command("compare", short_help="ZSCloud as it is, beside a first cycle.")(compare)
app.command("cycle", short_help="Provision everybody who differs.")(cycle)
app.command("status", short_help="How the job stands.")(status)
app.command("explain", short_help="Why somebody is, or is not, in ZSCloud.")(explain)
app.command("logs", short_help="What was done, to whom, and why.")(logs)
app.add_typer(held, name="held", short_help="Removals that wait for a decision.")
app.add_typer(escrow, name="escrow", short_help="What failed and is tried again.")
app.add_typer(due, name="due", short_help="What waits to be deleted.")
app.add_typer(drift, name="drift", short_help="What was edited by hand in ZSCloud.")
app.add_typer(alerts, name="alerts", short_help="Alarms, and who was told of them.")
app.add_typer(subscriptions, name="subscriptions", short_help="Change notifications of Graph.")
app.add_typer(schema, name="schema", short_help="Attribute mappings and scoping filters.")
app.command("stop", short_help="Send nothing more to ZSCloud.")(stop)
app.command("start", short_help="End a stop.")(start)
app.command("restart", short_help="Begin anew.")(restart)
app.add_typer(state, name="state", short_help="The state of the job, to a file and from one.")
app.command("serve", short_help="The whole function app on this machine.")(serve)
app.command("completion", short_help="Completion for bash, zsh and fish.")(completion)


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
        enable()
        called = {"prog_name": _PROGRAM, "complete_var": VARIABLE}
        if "--json" not in arguments:
            app(arguments, **called)
        sys.exit(app(arguments, standalone_mode=False, **called))
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
