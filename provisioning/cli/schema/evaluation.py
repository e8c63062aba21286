"""``schema eval``: the value of one expression."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import typer
from rich.console import Console

from provisioning.cli import exit_status, output
from provisioning.cli.options import Json
from provisioning.cli.progress import Update
from provisioning.cli.session import Outcome, run, run_alone
from provisioning.errors import InvalidRequest, Problem
from provisioning.operations.documents import Document

if TYPE_CHECKING:
    from provisioning.services import Services


def eval_(
    expression: Annotated[str, typer.Argument(metavar="EXPR", help="As in a mapping's source.")],
    *,
    user: Annotated[
        str | None, typer.Option("--user", metavar="ID|UPN", help="Of a user, read from Graph now.")
    ] = None,
    attributes: Annotated[
        str | None,
        typer.Option("--attributes", metavar="JSON", help="Of these attributes, by name."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Evaluate an expression: the value, its type, and the attributes that it read.

    With --attributes no setting is needed. Exit status: 2 if the expression is wrong or has no
    value for these attributes because of an error.
    """

    def alone() -> Outcome:
        from provisioning.operations.schema_eval import evaluate_given

        if (user is None) == (attributes is None):
            message = "name a user, or give attributes"
            remedy = "Give --user or --attributes, and not both."
            raise InvalidRequest(Problem("--user", message, remedy))
        return _outcome(evaluate_given(expression, attributes or "", time.time()))

    async def of_user(services: Services, _: Update) -> Outcome:
        from provisioning.operations.schema_eval import evaluate_for_user

        return _outcome(await evaluate_for_user(services, expression, user or ""))

    if user is not None and attributes is None:
        run(of_user, as_json=as_json)
    run_alone(alone, as_json=as_json)


def _outcome(document: Document) -> Outcome:
    status = exit_status.DONE if document["error"] is None else exit_status.USAGE
    return Outcome(document, lambda out: _show(out, document), status)


def _show(out: Console, document: Document) -> None:
    error = document["error"]
    rows: list[tuple[str, object]] = [("Type", document["type"])]
    if error is None:
        rows.append(("Value", _json(document["value"])))
    else:
        rows += [("Error", error["message"]), ("Remedy", error["remedy"])]
    for name, value in document["attributes"].items():
        seen = "not given" if name in document["missing"] else _json(value)
        rows.append((f"[{name}]", seen))
    if document["redacted"]:
        rows.append(("Redacted", "The provisioning log shows [Redact] instead of the value."))
    out.print(output.pairs(rows))


def _json(value: Any) -> str:
    """As JSON: empty text and no value can be told apart."""
    return msgspec.json.encode(value).decode()
