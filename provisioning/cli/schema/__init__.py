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

app.command("check", short_help="Every problem of a file.")(check)
app.command("import", short_help="Take over what Entra exported.")(import_)
app.command("show", short_help="What is mapped, and who is let in.")(show)
app.command("diff", short_help="What two files mean otherwise.")(diff)
app.command("preview", short_help="What another file would do.")(preview)
app.command("eval", short_help="The value of an expression.")(eval_)
