"""``schema check``, ``import``, ``show`` and ``diff``: of files alone, without any service."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from provisioning.cli import exit_status, output
from provisioning.cli.options import Json
from provisioning.cli.session import Outcome, run_alone
from provisioning.operations.documents import Document

File = Annotated[Path, typer.Argument(metavar="FILE", help="A schema file.")]
_NAMED = "A file, `shipped` (or -), or `current`: the one that PROVISIONING_SCHEMA names."
_OBJECTS = {"user": "Users", "group": "Groups"}


def check(file: File, *, as_json: Json = False) -> None:
    """Check a file: every problem with its place and remedy, and what is worth a look.

    Needs no setting. Exit status: 2 if the file cannot be used.
    """

    def operation() -> Outcome:
        from provisioning.operations import schema

        document = schema.check(file)
        return Outcome(document, lambda out: _show_check(out, document), _status(document))

    run_alone(operation, as_json=as_json)


def import_(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The export, as JSON.")],
    out: Annotated[Path, typer.Argument(metavar="OUT", help="Where to write.")] = Path(
        "schema.json"
    ),
    *,
    force: Annotated[bool, typer.Option("--force", help="Write over a file.")] = False,
    as_json: Json = False,
) -> None:
    """Take over a schema that Entra exported: from the portal, from Graph, or from PowerShell.

    Says what this program does otherwise than Entra with it. Needs no setting.
    Exit status: 2 if the export cannot be used; nothing is written then.
    """

    def operation() -> Outcome:
        from provisioning.operations import schema

        document = schema.import_(file, out, force=force)
        return Outcome(document, lambda console: _show_import(console, document), _status(document))

    run_alone(operation, as_json=as_json)


def show(
    name: Annotated[str, typer.Argument(metavar="FILE", help=_NAMED)] = "current",
    *,
    as_json: Json = False,
) -> None:
    """Show what is mapped from where, and whom the scoping filters let in."""

    def operation() -> Outcome:
        from provisioning.operations import schema

        document = schema.show(name, os.environ)
        return Outcome(document, lambda out: _show_schema(out, document))

    run_alone(operation, as_json=as_json)


def diff(
    old: Annotated[str, typer.Argument(metavar="OLD", help=_NAMED)],
    new: Annotated[str, typer.Argument(metavar="NEW", help="The same.")],
    *,
    as_json: Json = False,
) -> None:
    """Show what two schemas mean otherwise. Order, names and white space mean nothing."""

    def operation() -> Outcome:
        from provisioning.operations import schema

        document = schema.diff(old, new, os.environ)
        return Outcome(document, lambda out: _show_difference(out, document))

    run_alone(operation, as_json=as_json)


def _status(document: Document) -> int:
    return exit_status.DONE if document["ok"] else exit_status.USAGE


# --- what people see -----------------------------------------------------------------------------


def _show_check(out: Console, document: Document) -> None:
    for problem in document["problems"]:
        _show_problem(out, problem, "bold red")
    if not document["ok"]:
        number = len(document["problems"])
        out.print(output.plain(f"{document['file']} cannot be used: {_problems(number)}."))
        return
    for problem in document["warnings"]:
        _show_problem(out, problem, "bold yellow")
    for type, what in document["maps"].items():
        out.print(output.plain(f"{_OBJECTS[type]}: {what}."), soft_wrap=True)
    out.print(output.plain(f"{document['file']} can be used."))


def _problems(number: int) -> str:
    return "1 problem" if number == 1 else f"{number} problems"


def _show_problem(out: Console, problem: Document, style: str) -> None:
    line = Text.assemble(
        *(output.plain(problem["path"], style), ": ", output.plain(problem["message"]), " "),
        output.plain(problem["remedy"]),
    )
    out.print(line, soft_wrap=True)


def _show_import(out: Console, document: Document) -> None:
    _show_check(out, document)
    if document["out"] is None:
        out.print("Nothing was written.")
        return
    if document["deviations"]:
        out.print()
        table = output.table("Subject", "Where", "Otherwise than in Entra")
        for item in document["deviations"]:
            where = ", ".join(item["where"])
            table.add_row(*map(output.plain, (item["subject"], where, item["what"])))
        out.print(table)
    out.print()
    wrote = f"Written to {document['out']}. Set PROVISIONING_SCHEMA to its path to use it"
    out.print(output.plain(f"{wrote}; `schema preview` shows before what it would do."))


def _show_schema(out: Console, document: Document) -> None:
    out.print(output.plain(f"Schema: {document['file']}"))
    for type, title in _OBJECTS.items():
        shown = document[type]
        columns = ("Target", "Source", "Matching", "Apply", "Default", "When empty")
        table = output.table(*columns, title=title)
        for line in shown["attributes"]:
            table.add_row(
                *map(output.plain, (line["target"], line["source"], line["matching"] or "")),
                *map(output.plain, (line["apply"], _default(line), line["when_empty"])),
            )
        out.print()
        out.print(table)
        _show_filter(out, shown["filter"])


def _show_filter(out: Console, sentences: Sequence[str]) -> None:
    if not sentences:
        out.print("Scoping filter: none, everybody in scope is provisioned.")
        return
    out.print("Scoping filter: in scope is whom one of these is true of.")
    for sentence in sentences:
        out.print(output.plain(f"- {sentence}"), soft_wrap=True)


def _show_difference(out: Console, document: Document) -> None:
    out.print(output.plain(f"From {document['old']} to {document['new']}"))
    if document["equal"]:
        out.print("No difference.")
        return
    for type, title in _OBJECTS.items():
        found = document[type]
        if found["attributes"]:
            out.print()
            _show_changes(out, found["attributes"], title)
        _show_filter_changes(out, found, title)


def _show_changes(out: Console, changes: Sequence[Document], title: str) -> None:
    table = output.table("Target", "Change", "Field", "Old", "New", title=title)
    for change in changes:
        target, what = change["target"], change["change"]
        for field in change["fields"]:
            cells = (target, what, field["field"].replace("_", " "), field["old"], field["new"])
            table.add_row(*map(output.plain, cells))
            target = what = ""
    out.print(table)


def _show_filter_changes(out: Console, found: Document, title: str) -> None:
    lines = [f"- {each}" for each in found["filter_removed"]]
    lines += [f"+ {each}" for each in found["filter_added"]]
    if not lines:
        return
    out.print()
    out.print(f"Scoping filter of {title.lower()}:")
    for line in lines:
        out.print(output.plain(line), soft_wrap=True)
    if found["opened"]:
        out.print("There is no filter any more: everybody in scope is provisioned.")
    if found["closed"]:
        out.print("There was no filter: whoever none of these is true of leaves scope.")


def _default(line: Document) -> str | None:
    """The default of an attribute, and whether it is for more than a create."""
    return f"{line['default']} (always)" if line["default_when"] == "always" else line["default"]
