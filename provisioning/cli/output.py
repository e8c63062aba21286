"""Standard output holds the answer, standard error all else.

Texts of remote systems are shown without markup and without control characters.
"""

from __future__ import annotations

import sys

import msgspec
import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from provisioning.cli import exit_status
from provisioning.errors import ConfigurationError, InvalidRequest, ProvisioningError, cut
from provisioning.operations.documents import Document, problem_document

_WIDTH = 200
"""Of tables in a pipe or a file, where no terminal gives one."""
_LONGEST = 2000
_STYLES = {
    **dict.fromkeys(("success", "ok", "healthy", "completed"), "green"),
    **dict.fromkeys(
        ("skipped", "warning", "waiting", "held", "working", "off", "stopped"), "yellow"
    ),
    **dict.fromkeys(("failure", "failed", "quarantined", "completed_with_errors"), "red"),
}


def answers() -> Console:
    """The console of the answer: standard output."""
    return _console(stderr=False)


def notices() -> Console:
    """The console of progress and errors: standard error."""
    return _console(stderr=True)


def _console(*, stderr: bool) -> Console:
    # Rich colours terminals only, and obeys NO_COLOR.
    console = Console(stderr=stderr, highlight=False, markup=False, emoji=False)
    if not console.is_terminal:
        console.width = _WIDTH
    return console


def plain(value: object, style: str = "") -> Text:
    """A value from outside: one line, printable characters only, nothing of it is markup."""
    return Text("" if value is None else cut(str(value), _LONGEST), style)


def table(*columns: str, title: str | None = None) -> Table:
    """A table whose cells wrap instead of losing text."""
    made = Table(title=title, title_justify="left", title_style="bold", pad_edge=False, box=None)
    for column in columns:
        made.add_column(column, overflow="fold", header_style="bold")
    return made


def pairs(rows: list[tuple[str, object]]) -> Table:
    """Names and values, one pair a line; empty values are left out."""
    made = Table(show_header=False, pad_edge=False, box=None)
    made.add_column(style="bold", no_wrap=True)
    made.add_column(overflow="fold")
    for name, value in rows:
        if value not in (None, ""):
            made.add_row(name, value if isinstance(value, Text) else plain(value))
    return made


def status_text(status: str) -> Text:
    """The status of a check, an attempt or a job, in its colour."""
    return plain(status, _STYLES.get(status, ""))


def duration(seconds: float) -> str:
    """Seconds in the two largest units: ``1 h 5 min``, ``3 min 20 s``, ``2.4 s``."""
    if seconds < 60:
        return f"{seconds:.1f} s" if seconds % 1 else f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min"


def print_json(document: Document) -> None:
    """The document, and nothing else, on standard output."""
    typer.echo(msgspec.json.format(msgspec.json.encode(document), indent=2))


def report_error(error: ProvisioningError, status: int, *, as_json: bool) -> None:
    """The error as a problem document (RFC 9457), or as sentences for people.

    All problems of a configuration are listed, each with its field and remedy.
    """
    if as_json:
        print_json(problem_document(error, exit_status.http_status(status)))
        return
    console = notices()
    problems = _problems(error)
    if not problems:
        console.print(plain(error, "red"), soft_wrap=True)
        console.print(plain(error.remedy), soft_wrap=True)
    for field, message, remedy in problems:
        line = Text.assemble(plain(field, "bold red"), ": ", plain(message), " ", plain(remedy))
        console.print(line, soft_wrap=True)


def _problems(error: ProvisioningError) -> list[tuple[str, str, str]]:
    if isinstance(error, ConfigurationError):
        return [(p.field, p.message, p.remedy) for p in error.problems]
    if isinstance(error, InvalidRequest):
        return [(error.problem.field, f"{error.problem.message}.", error.problem.remedy)]
    return []


def tolerate_narrow_encodings() -> None:
    """A character that the terminal's encoding lacks is replaced: an answer is never lost."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="replace")
