"""Options that several commands share."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from provisioning.errors import InvalidRequest, Problem

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document on standard output.")]
Kind = Literal["initial", "incremental", "reconcile"]
KindOption = Annotated[
    Kind, typer.Option("--kind", help="What the cycle looks at. The first is always initial.")
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show what would be sent, send nothing.")]
Wait = Annotated[
    float | None,
    typer.Option(
        "--wait",
        min=0,
        metavar="SECONDS",
        help="How long to wait while another process writes (holds the lease).",
    ),
]


def refuse_early_json(*, as_json: bool) -> None:
    """``--json`` before the command that it is meant for would silently not count.

    Raises ``InvalidRequest``.
    """
    if as_json:
        message = "stands before the command"
        raise InvalidRequest(Problem("--json", message, "Write it behind the command."))
