"""``alerts``: what holds now and who was told of it; trying out the channels."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console

from provisioning.cli import exit_status, output
from provisioning.cli.group import group
from provisioning.cli.operator import OperatorName, operator
from provisioning.cli.options import Json
from provisioning.cli.progress import Update
from provisioning.cli.session import Outcome, run
from provisioning.operations.documents import Document

if TYPE_CHECKING:
    from provisioning.services import Services


def list_(*, as_json: Json = False) -> None:
    """Show what holds now, and when each channel was told of it."""

    async def operation(services: Services, _: Update) -> Outcome:
        from provisioning.operations import alarms

        document = await alarms.list_(services)
        return Outcome(document, lambda out: _show_list(out, document))

    run(operation, as_json=as_json)


app = group("Show the alarms that hold now, or try out the channels that tell of them.", list_)


@app.command("test", short_help="Send a test message.")
def try_out(*, name: OperatorName = None, as_json: Json = False) -> None:
    """Send a test message by mail and webhook, as far as they are configured.

    Exit status: 2 if a setting is wrong or none is set, 4 if a channel cannot be used now.
    """

    async def operation(services: Services, _: Update) -> Outcome:
        from provisioning.operations import alarms

        document = await alarms.test(services, operator(name))
        codes = [item["error"]["code"] for item in document["items"] if not item["ok"]]
        status = exit_status.of_failures(codes)
        return Outcome(document, lambda out: _show_test(out, document), status)

    run(operation, as_json=as_json, waiting="sending a test message")


def _show_list(out: Console, document: Document) -> None:
    if not document["items"]:
        out.print("Nothing is wrong that anybody should be told of.")
    for item in document["items"]:
        out.print(
            output.pairs(
                [
                    (item["code"], item["id"]),
                    ("  what", item["sentence"]),
                    ("  concerned", ", ".join(item["names"])),
                    ("  to do", item["remedy"]),
                    ("  since", item["since"]),
                    ("  over", None if item["holds"] else "yes, and not told yet"),
                    *((f"  told by {name}", at) for name, at in item["told"].items()),
                ]
            )
        )
    if not document["channels"]:
        out.print("No channel is configured: SMTP_URL with ALERT_EMAIL, or ALERT_WEBHOOK.")
    for channel in document["channels"]:
        failure = channel["failure"]
        if failure is not None:
            line = f"{channel['name']} fails: {failure['message']} {failure['remedy']}"
            out.print(output.plain(line, "red"))


def _show_test(out: Console, document: Document) -> None:
    table = output.table("Channel", "Status", "Detail", "Remedy")
    for item in document["items"]:
        error = item["error"]
        table.add_row(
            output.plain(item["channel"]),
            output.status_text("ok" if item["ok"] else "failed"),
            output.plain("accepted" if error is None else error["message"]),
            output.plain(None if error is None else error["remedy"]),
        )
    out.print(table)
