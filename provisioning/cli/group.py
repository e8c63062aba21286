"""Groups of commands that show their list when no command of theirs is named."""

from __future__ import annotations

from collections.abc import Callable

import typer

from provisioning.cli.options import Json, refuse_early_json


def group(help: str, listed: Callable[..., None]) -> typer.Typer:
    """The group, with ``listed`` as its command ``list``, which is also run without a command."""
    app = typer.Typer(
        invoke_without_command=True,
        help=help,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
    )

    @app.callback()
    def _listed(context: typer.Context, *, as_json: Json = False) -> None:
        if context.invoked_subcommand is None:
            listed(as_json=as_json)
        else:
            refuse_early_json(as_json=as_json)

    app.command("list", short_help="The list: also without a command.")(listed)
    return app
