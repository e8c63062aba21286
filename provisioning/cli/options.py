"""Options that several commands share."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

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
        help="How long to wait while another process holds the lease.",
    ),
]
