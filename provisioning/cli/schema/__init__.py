"""``schema``: the file with the attribute mappings and scoping filters."""

from __future__ import annotations

import typer

from provisioning.cli.schema.evaluation import eval_
from provisioning.cli.schema.files import check, diff, import_, show
from provisioning.cli.schema.preview import preview

app = typer.Typer(
    no_args_is_help=True,
    help="Check, import, show, compare and try out attribute mappings and scoping filters.",
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

app.command("check")(check)
app.command("import")(import_)
app.command("show")(show)
app.command("diff")(diff)
app.command("preview")(preview)
app.command("eval")(eval_)
