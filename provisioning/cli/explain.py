"""``explain``: why one principal is, or is not, in ZSCloud as it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import typer
from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from provisioning.cli import output
from provisioning.cli.options import Json
from provisioning.cli.progress import Update
from provisioning.cli.session import Outcome, run
from provisioning.operations.documents import Document

if TYPE_CHECKING:
    from provisioning.services import Services

_WIDTH = 80
"""Sentences are easier to read in short lines than across a wide terminal."""

_QUIET = frozenset({"equal", "empty"})
"""Outcomes of attributes that need no line."""


def explain(
    principal: Annotated[
        str,
        typer.Argument(
            metavar="PRINCIPAL",
            help="A user or a group: object id, user principal name, or display name of a group.",
        ),
    ],
    *,
    as_json: Json = False,
) -> None:
    """Tell why a user or group is, or is not, in ZSCloud: the five steps, and what to do.

    Looks at Entra and at ZSCloud, one request a second, beside a running cycle. Writes nothing.
    """

    async def operation(services: Services, _: Update) -> Outcome:
        from provisioning.operations import explain as operation

        document = await operation.explain(services, principal)
        return Outcome(document, lambda out: _show(out, document))

    run(operation, as_json=as_json)


def _show(out: Console, document: Document) -> None:
    out.width = min(out.width, _WIDTH)
    out.print(output.plain(document["verdict"], "bold"))
    who = document["principal"]
    out.print(output.plain(f"{who['type']} {who['id']}", "dim"))
    _show_steps(out, document["steps"])
    _show_filter(out, document["filter"])
    _show_paths(out, document["paths"])
    if not _is_stranger(document):
        _show_attributes(out, document["attributes"])
    _show_members(out, document["members"])
    _show_requests(out, document["would_send"])


def _is_stranger(document: Document) -> bool:
    """Whether there is neither an object nor the wish for one: its attributes are no matter."""
    steps = {step["name"]: step for step in document["steps"]}
    return steps["scope"]["status"] == "skipped" and steps["match"]["facts"]["link"] is None


def _show_steps(out: Console, steps: list[Document]) -> None:
    out.print()
    table = output.table("Step", "Status", "Why")
    for step in steps:
        why = output.plain(step["detail"])
        if step["remedy"]:
            why = Text.assemble(why, "\n", ("To do: ", "bold"), output.plain(step["remedy"]))
        table.add_row(step["name"], output.status_text(step["status"]), why)
    out.print(table)


def _show_filter(out: Console, groups: list[Document]) -> None:
    if not groups:
        return
    _heading(out, "Scoping filter (one group is enough, all of its clauses)")
    for group in groups:
        name = output.plain(group["name"] or "(without a name)")
        _line(out, Text.assemble(output.status_text(group["outcome"]), " ", name))
        for clause in group["clauses"]:
            null = ", and that alone makes it false" if clause["because_null"] else ""
            _line(out, f"{clause['outcome']}: {clause['sentence']}{null}", indent=4)


def _show_paths(out: Console, paths: list[Document]) -> None:
    if not paths:
        return
    _heading(out, "Ways into scope")
    for path in paths:
        _line(out, path["sentence"])


def _show_attributes(out: Console, attributes: list[Document]) -> None:
    told = [each for each in attributes if each["outcome"] not in _QUIET]
    _heading(out, "Attributes")
    for each in told:
        name = each["name"].rpartition(":")[2]
        _line(out, Text.assemble((name, "bold"), f": {each['outcome'].replace('_', ' ')}"))
        out.print(Padding(output.pairs(_attribute_rows(each)), (0, 0, 0, 4)))
    quiet = len(attributes) - len(told)
    if quiet:
        _line(out, f"{quiet} equal or empty on both sides; --json has them all.")


def _attribute_rows(attribute: Document) -> list[tuple[str, object]]:
    source = ", ".join(f"{name} = {_text(v)}" for name, v in attribute["source"].items())
    return [
        ("from", source),
        ("by", attribute["expression"]),
        ("result", _text(attribute["value"])),
        ("recorded", _text(attribute["recorded"])),
        ("in ZSCloud", _text(attribute["live"])),
        ("problem", attribute["problem"]),
        ("to do", attribute["remedy"]),
    ]


def _show_members(out: Console, members: Document | None) -> None:
    if members is None:
        return
    _heading(out, f"Members ({members['recorded']} recorded in ZSCloud)")
    kinds = (("add", "to add"), ("remove", "to take out"), ("without_account", "without account"))
    rows: list[tuple[str, object]] = []
    for field, word in kinds:
        listed = members[field]
        more = ", …" if listed["count"] > len(listed["names"]) else ""
        names = ", ".join(listed["names"])
        rows.append((word, f"{listed['count']}: {names}{more}" if listed["count"] else "0"))
    out.print(Padding(output.pairs(rows), (0, 0, 0, 2)))


def _show_requests(out: Console, requests: list[Document]) -> None:
    if not requests:
        return
    _heading(out, "What would be sent")
    for request in requests:
        _line(out, f"{request['method']} {request['path']}")
        if request["body"] is not None:
            _line(out, _text(request["body"]), indent=4)


def _heading(out: Console, text: str) -> None:
    out.print()
    out.print(Text(text, "bold"))


def _line(out: Console, text: str | Text, indent: int = 2) -> None:
    """A line that goes on below itself where it is too long."""
    shown = output.plain(text) if isinstance(text, str) else text
    out.print(Padding(shown, (0, 0, 0, indent)))


def _text(value: Any) -> str:
    """Texts as they are, nothing for no value, all else as in JSON."""
    if value is None or isinstance(value, str):
        return value or ""
    return msgspec.json.format(msgspec.json.encode(value), indent=0).decode()
