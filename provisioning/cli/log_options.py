"""The options of ``logs``: which entries, how many, and in which form."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from provisioning.cli.completion import actions, cycle_ids, statuses

Since = Annotated[
    str | None, typer.Option(metavar="TIME|AGE", help="From then on: RFC 3339, or 30m, 2h, 7d.")
]
Until = Annotated[
    str | None, typer.Option(metavar="TIME|AGE", help="Up to then, in the same forms.")
]
Principal = Annotated[
    str | None,
    typer.Option(metavar="ID|NAME", help="Of one user or group, with all details."),
]
Target = Annotated[
    str | None,
    typer.Option(metavar="ID|NAME", help="Of one object in ZSCloud, with all details."),
]
Cycle = Annotated[
    str | None,
    typer.Option(
        metavar="ID", help="Of one cycle, or of a call on demand.", autocompletion=cycle_ids
    ),
]
Status = Annotated[
    str | None,
    typer.Option(
        metavar="STATUS", help="success, failure, skipped or held.", autocompletion=statuses
    ),
]
Action = Annotated[
    str | None,
    typer.Option(
        metavar="ACTION",
        help="create, update, enable, disable, delete, add_member or remove_member.",
        autocompletion=actions,
    ),
]
Cause = Annotated[
    str | None, typer.Option(metavar="CAUSE", help="What brought the work, as entries say it.")
]
ErrorCode = Annotated[
    str | None, typer.Option(metavar="CODE", help="What failed or was not done for a reason.")
]
Limit = Annotated[
    int | None,
    typer.Option(
        metavar="N",
        help="Entries of a page, 100 or at most 1000; with --format of all pages.",
        show_default=False,
    ),
]
After = Annotated[str | None, typer.Option(metavar="CURSOR", help="Go on from where a page ended.")]
Format = Annotated[
    str | None,
    typer.Option(metavar="FORMAT", help="Write all that fits: jsonl or csv."),
]
Output = Annotated[
    Path | None,
    typer.Option("--output", metavar="FILE", help="Write to a file instead, with --format."),
]
