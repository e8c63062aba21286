"""Export: what would be sent, and what it waits for; or why nothing is sent."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from provisioning.drift import EXISTENCE, MEMBERSHIPS
from provisioning.escrow import EscrowEntry
from provisioning.explaining.attributes import left_by_hand
from provisioning.explaining.explanation import ExplainedStep, StepStatus
from provisioning.explaining.findings import Findings
from provisioning.explaining.words import clock_time, moment
from provisioning.guard import RELEASE
from provisioning.lanes import Lane, WorkItem
from provisioning.model import CreateObject, UpdateObject

_LANES = {
    Lane.LEAVERS: "leavers",
    Lane.ON_DEMAND: "on demand",
    Lane.LIVE: "live changes",
    Lane.BULK: "initial and reconcile",
}
_ON_DEMAND = "`on-demand` does it at once."


class Obstacle(NamedTuple):
    """Something that keeps a request from being sent now."""

    status: StepStatus
    detail: str
    remedy: str | None


def export_step(found: Findings) -> ExplainedStep:
    """The requests, or why there are none."""
    obstacle = obstacle_of(found)
    facts = _facts(found)
    if found.plans:
        count = len(found.requests)
        number = "1 request" if count == 1 else f"{count} requests"
        detail = f"{number} would be sent."
        if obstacle is None:
            detail += f" {_when(found)} sends {'it' if count == 1 else 'them'}."
            return ExplainedStep("export", StepStatus.WAITING, detail, _ON_DEMAND, facts)
        return ExplainedStep(
            "export", obstacle.status, f"{detail} {obstacle.detail}", obstacle.remedy, facts
        )
    if obstacle is not None and _stuck(found):
        return ExplainedStep("export", obstacle.status, obstacle.detail, obstacle.remedy, facts)
    return ExplainedStep("export", StepStatus.SKIPPED, _nothing(found), None, facts)


def next_cycle(found: Findings) -> str:
    """The cycle that will do what there is to do."""
    return "the next reconcile cycle" if found.rehearsed.by_hand else "the next cycle"


def obstacle_of(found: Findings) -> Obstacle | None:
    """What stands in the way first."""
    return next(_obstacles(found), None)


def _switched_off(found: Findings) -> Iterator[Obstacle]:
    if found.waiting.off:
        yield Obstacle(
            StepStatus.WAITING,
            "PROVISIONING_STATUS is 'off': no cycle sends anything.",
            "Set PROVISIONING_STATUS=on; `on-demand` works meanwhile.",
        )
    if found.waiting.stopped is not None:
        detail = f"The job was stopped {found.waiting.stopped}: nothing is sent."
        yield Obstacle(StepStatus.WAITING, detail, "Run `start`.")


def _obstacles(found: Findings) -> Iterator[Obstacle]:
    waiting = found.waiting
    if waiting.held is not None:
        since = clock_time(waiting.held.since)
        detail = f"Held by the brake since {since}: {waiting.held.reason}"
        yield Obstacle(StepStatus.WAITING, detail, RELEASE)
    yield from _switched_off(found)
    if waiting.quarantine is not None:
        detail = f"The job is in quarantine: {waiting.quarantine.sentence}"
        yield Obstacle(StepStatus.FAILURE, detail, waiting.quarantine.remedy)
    for entry in waiting.escrow:
        yield Obstacle(StepStatus.FAILURE, _escrow(entry), entry.remedy)
    if found.distrusted is not None:
        detail = "Nothing is sent while Entra's answer is not believed."
        yield Obstacle(StepStatus.FAILURE, detail, found.distrusted.remedy)
    if waiting.cycle is not None:
        detail = f"The last cycle failed: {waiting.cycle.sentence}"
        yield Obstacle(StepStatus.FAILURE, detail, waiting.cycle.remedy)
    if found.rehearsed.by_hand and all(found.drift.keeps(each) for each in _edited(found)):
        detail = f"The object was changed in ZSCloud; DRIFT={found.drift} leaves it as it is."
        yield Obstacle(StepStatus.WAITING, detail, f"Set DRIFT=repair. {_ON_DEMAND}")
    for item in waiting.items:
        yield Obstacle(StepStatus.WAITING, f"It waits in {_lane(item)}.", None)
    if waiting.young is not None:
        when = clock_time(waiting.young)
        detail = f"A removal waits until {when}: the assignment is too young to be believed gone."
        yield Obstacle(StepStatus.WAITING, detail, "Nothing: the next look after that decides.")


def _when(found: Findings) -> str:
    text = next_cycle(found)
    if found.rehearsed.by_hand:
        return f"What differs was changed in ZSCloud, so that {text}"
    return f"{text[:1].upper()}{text[1:]}"


def _edited(found: Findings) -> Iterator[str]:
    """What was edited by hand, as DRIFT names it."""
    for plan in found.rehearsed.plans:
        if isinstance(plan.write, CreateObject):
            yield EXISTENCE
        elif isinstance(plan.write, UpdateObject):
            yield from plan.write.values
        else:
            yield MEMBERSHIPS


def _stuck(found: Findings) -> bool:
    """Whether there is work although no request can be planned, or a failure to be told of."""
    rehearsed = found.rehearsed
    tried = rehearsed.refused is not None or rehearsed.skipped is not None
    return bool(found.waiting.young or found.waiting.escrow) or (
        tried and found.distrusted is not None
    )


def _nothing(found: Findings) -> str:
    rehearsed, case = found.rehearsed, found.case
    if rehearsed.refused is not None or rehearsed.blocked_by is not None:
        return "Nothing is sent before the name is free."
    if rehearsed.skipped is not None:
        return "Nothing is sent, for the reason above."
    if left := left_by_hand(found):
        names = ", ".join(left)
        return f"Nothing is sent: DRIFT={found.drift} leaves {names} as hands have made it."
    if rehearsed.left_missing:
        return "Nothing is sent: the object was deleted by hand, and is left so."
    if case.verdict.active:
        return "Nothing is sent: ZSCloud is as it should be."
    if found.link is None:
        return "Nothing is sent: there is no object in ZSCloud to change."
    return "Nothing is sent: ZSCloud is as the settings want it."


def _escrow(entry: EscrowEntry) -> str:
    tries = "1 try" if entry.tries == 1 else f"{entry.tries} tries"
    return (
        f"In escrow since {clock_time(entry.since)} after {tries}, tried again "
        f"{clock_time(entry.next_try)}: {entry.reason}"
    )


def _lane(item: WorkItem) -> str:
    return f"lane {item.lane.value} ({_LANES[item.lane]}) since {clock_time(item.filed_at)}"


def _facts(found: Findings) -> dict[str, Any]:
    waiting = found.waiting
    held = waiting.held
    return {
        "off": waiting.off,
        "held": None if held is None else {"reason": held.reason, "since": moment(held.since)},
        "escrow": [_escrow_facts(entry) for entry in waiting.escrow],
        "lanes": [
            {"lane": item.lane.value, "since": moment(item.filed_at), "cause": item.cause}
            for item in waiting.items
        ],
        "removal_due": None if waiting.young is None else moment(waiting.young),
    }


def _escrow_facts(entry: EscrowEntry) -> dict[str, Any]:
    return {
        "error_code": entry.error_code,
        "reason": entry.reason,
        "tries": entry.tries,
        "since": moment(entry.since),
        "next_try": moment(entry.next_try),
    }
