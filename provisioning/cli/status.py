"""``status``: how the job stands."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console

from provisioning.cli import output
from provisioning.cli.drift import drift_line
from provisioning.cli.options import Json
from provisioning.cli.progress import Update
from provisioning.cli.session import Outcome, run
from provisioning.operations.documents import Document

if TYPE_CHECKING:
    from provisioning.services import Services

_LANES = {"1": "leavers", "2": "on demand", "3": "live changes", "4": "initial and reconcile"}


def status(*, as_json: Json = False) -> None:
    """Show how the job stands: state and why, last cycle, what is waiting, held or failing."""

    async def operation(services: Services, _: Update) -> Outcome:
        from provisioning.operations.status import status as read_status

        document = await read_status(services)
        return Outcome(document, lambda out: _show(out, document))

    run(operation, as_json=as_json)


def _show(out: Console, document: Document) -> None:
    out.print(
        output.pairs(
            [
                ("State", output.status_text(document["state"])),
                ("Why", document["why"]),
                ("Since", document["since"]),
                ("Quarantine", _quarantine(document["quarantine"])),
                ("Last cycle", _cycle(document["cycle"])),
                ("Last success", document["last_success"]),
                ("Waiting", _lanes(document["lanes"])),
                ("Held", document["held"]),
                ("To be deleted", document["due_deletions"] or None),
                ("In escrow", document["escrow"]),
                *(("Set aside", _poison(message)) for message in document["poison"]),
                ("Drift", _drift(document["drift"])),
                ("Watermark age", _age(document["watermark_age_seconds"])),
                ("Token", _token(document["token"])),
                ("Schema", _schema(document["schema"])),
                ("Lease", _lease(document["lease"])),
                ("Latency", _latency(document["latency"])),
                ("Notifications", _notifications(document["notifications"])),
                ("Assignments", _poll(document["assignment_poll"])),
                *(("Subscription", _told(each)) for each in document["subscriptions"]),
                *(("Alarm", f"{each['code']}: {each['sentence']}") for each in document["alarms"]),
            ]
        )
    )


def _quarantine(quarantine: Document | None) -> str | None:
    if quarantine is None:
        return None
    shown = f"{quarantine['cause']}, {quarantine['probes']} probes failed, "
    return f"{shown}the next at {quarantine['next_probe']}. {quarantine['remedy']}"


def _token(token: Document) -> str | None:
    return token["warning"] or (token["expires"] and f"expires {token['expires']}")


def _cycle(cycle: Document | None) -> str | None:
    if cycle is None:
        return None
    shown = f"{cycle['cycle_id']} ({cycle['kind']}): {cycle['status']}"
    progress = cycle["progress"]
    return f"{shown}, {progress['done']} done, {progress['left']} left"


def _drift(counts: Document | None) -> str | None:
    return None if counts is None else f"{drift_line(counts)} ({counts['at']})"


def _lanes(lanes: Document) -> str:
    waiting = [f"{_LANES[lane]} {count}" for lane, count in lanes.items() if count]
    return ", ".join(waiting) or "nothing"


def _poison(message: Document) -> str:
    """A message that failed too often, which counts in escrow."""
    return f"a message on {message['queue']}: {message['reason']} {message['remedy']}"


def _told(subscription: Document) -> str:
    """How the subscription to notifications stands."""
    until = subscription["expires"]
    shown = f"{subscription['resource']} {subscription['state']}"
    shown += f", until {until}" if until else ""
    return f"{shown}: {subscription['why']}" if subscription["why"] else shown


def _age(seconds: float | None) -> str | None:
    return None if seconds is None else output.duration(seconds)


def _lease(lease: Document | None) -> str:
    return "free" if lease is None else f"{lease['holder']} until {lease['until']}"


def _schema(schema: Document) -> str:
    shown = schema["file"] or "the shipped one"
    if not schema["changed"]:
        return shown
    anew = "the next one reads everybody anew"
    return f"{shown}; it, or a setting of scope, has changed since the last cycle: {anew}"


def _latency(latency: Document) -> str | None:
    half, nearly_all = latency["p50_seconds"], latency["p99_seconds"]
    if half is None:
        return None
    shown = f"median {output.duration(half)}, 99 % within {output.duration(nearly_all)}"
    return f"{shown} ({latency['changes']} changes of the last day)"


def _notifications(counted: Document) -> str | None:
    dropped = ", ".join(f"{why} {number}" for why, number in counted["dropped"].items())
    if not counted["accepted"] and not dropped:
        return None
    shown = f"{counted['accepted']} in a day, the last at {counted['last']}"
    return f"{shown}; dropped: {dropped}" if dropped else shown


def _poll(poll: Document | None) -> str | None:
    if poll is None:
        return None
    shown = f"{poll['rows']} read at {poll['last']} in {output.duration(poll['seconds'])}"
    return shown if poll["error"] is None else f"{shown}; since then: {poll['error']}"
