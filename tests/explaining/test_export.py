"""Export: what would be sent, and what it waits for."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from provisioning.drift import parse_drift
from provisioning.explaining.explanation import StepStatus
from provisioning.explaining.export import export_step, next_cycle
from provisioning.explaining.findings import Findings, HeldBack
from provisioning.guard import RELEASE
from provisioning.lanes import Lane
from provisioning.plan import Planned
from tests.decisions.principals import (
    JO,
    NOW,
    OUT,
)
from tests.explaining.findings import (
    AT,
    OTHER,
    REFUSED,
    WHEN,
    there,
    unlinked,
    user,
)
from tests.explaining.plans import (
    CREATE,
    DELETE,
    GRACE,
    ITEM,
    JOINED,
    PATCH,
    UPDATE,
    doing,
    escrowed,
    update,
)


def export(found: Findings) -> tuple[StepStatus, str, str | None]:
    step = export_step(found)
    assert step.name == "export"
    return step.status, step.detail, step.remedy


NOTHING = "Nothing is sent: ZSCloud is as it should be."
ON_DEMAND = "`on-demand` does it at once."


def test_requests_go_with_the_next_cycle() -> None:
    assert export(doing(UPDATE)) == (
        StepStatus.WAITING,
        "1 request would be sent. The next cycle sends it.",
        ON_DEMAND,
    )
    assert export(doing(UPDATE, DELETE))[1] == (
        "2 requests would be sent. The next cycle sends them."
    )
    by_hand = user({}, {"plans": (UPDATE,), "by_hand": True}, requests=(PATCH,))
    assert export(by_hand)[1] == (
        "1 request would be sent. What differs was changed in ZSCloud, so that the next reconcile "
        "cycle sends it."
    )
    assert (next_cycle(by_hand), next_cycle(user())) == (
        "the next reconcile cycle",
        "the next cycle",
    )


@pytest.mark.parametrize(
    ("found", "detail"),
    [
        (user(), NOTHING),
        (user({}, {"refused": REFUSED}), "Nothing is sent before the name is free."),
        (user({}, {"blocked_by": OTHER}), "Nothing is sent before the name is free."),
        (user({}, {"skipped": GRACE}), "Nothing is sent, for the reason above."),
        (
            user({}, {"left_missing": True}),
            "Nothing is sent: the object was deleted by hand, and is left so.",
        ),
        (
            unlinked(user({"verdict": OUT})),
            "Nothing is sent: there is no object in ZSCloud to change.",
        ),
        (user({"verdict": OUT}), "Nothing is sent: ZSCloud is as the settings want it."),
        (
            user({}, {"live": there(**{**JO, "title": "x"})}, drift=parse_drift("title=leave")),
            "Nothing is sent: DRIFT=repair,title=leave leaves title as hands have made it.",
        ),
    ],
)
def test_why_nothing_is_sent(found: Findings, detail: str) -> None:
    assert export(found) == (StepStatus.SKIPPED, detail, None)


OBSTACLES: list[tuple[dict[str, Any], StepStatus, str, str | None]] = [
    (
        {"held": HeldBack("Too many.", NOW)},
        StepStatus.WAITING,
        f"Held by the brake since {WHEN}: Too many.",
        RELEASE,
    ),
    (
        {"off": True},
        StepStatus.WAITING,
        "PROVISIONING_STATUS is 'off': no cycle sends anything.",
        "Set PROVISIONING_STATUS=on; `on-demand` works meanwhile.",
    ),
    (
        {"quarantine": REFUSED},
        StepStatus.FAILURE,
        "The job is in quarantine: The token is refused.",
        "Make a new one.",
    ),
    (
        {"escrow": (escrowed(2),)},
        StepStatus.FAILURE,
        f"In escrow since {WHEN} after 2 tries, tried again {WHEN}: No such title.",
        "Correct it.",
    ),
    (
        {"escrow": (escrowed(1),)},
        StepStatus.FAILURE,
        f"In escrow since {WHEN} after 1 try, tried again {WHEN}: No such title.",
        "Correct it.",
    ),
    (
        {"cycle": REFUSED},
        StepStatus.FAILURE,
        "The last cycle failed: The token is refused.",
        "Make a new one.",
    ),
    (
        {"items": (ITEM,)},
        StepStatus.WAITING,
        f"It waits in lane 3 (live changes) since {WHEN}.",
        None,
    ),
    (
        {"young": NOW},
        StepStatus.WAITING,
        f"A removal waits until {WHEN}: the assignment is too young to be believed gone.",
        "Nothing: the next look after that decides.",
    ),
]


@pytest.mark.parametrize(("waiting", "status", "detail", "remedy"), OBSTACLES)
def test_what_keeps_a_request_from_being_sent(
    waiting: dict[str, Any], status: StepStatus, detail: str, remedy: str | None
) -> None:
    found = user({}, {"plans": (UPDATE,)}, waiting, requests=(PATCH,))
    assert export(found) == (status, f"1 request would be sent. {detail}", remedy)
    without = user({}, {}, waiting)
    stuck = "escrow" in waiting or "young" in waiting
    assert export(without) == (
        (status, detail, remedy) if stuck else (StepStatus.SKIPPED, NOTHING, None)
    )


def test_the_first_obstacle_is_told() -> None:
    everything = {name: each for waiting, *_ in OBSTACLES for name, each in waiting.items()}
    for waiting, _, detail, _ in OBSTACLES:
        (name,) = waiting
        if name == "escrow":
            everything.pop(name, None)
            continue
        assert export(user({}, {"plans": (UPDATE,)}, everything, requests=(PATCH,)))[1].endswith(
            detail
        )
        everything.pop(name)


@pytest.mark.parametrize(
    ("lane", "words"),
    [(1, "leavers"), (2, "on demand"), (3, "live changes"), (4, "initial and reconcile")],
)
def test_lanes_have_names(lane: int, words: str) -> None:
    item = msgspec.structs.replace(ITEM, lane=Lane(lane))
    found = user({}, {"plans": (UPDATE,)}, {"items": (item,)}, requests=(PATCH,))
    assert f"It waits in lane {lane} ({words})" in export(found)[1]


def test_a_source_that_is_not_believed_sends_nothing() -> None:
    found = doing(UPDATE, distrusted=REFUSED)
    status, detail, remedy = export(found)
    assert (status, remedy) == (StepStatus.FAILURE, "Make a new one.")
    assert detail.endswith("Nothing is sent while Entra's answer is not believed.")
    assert export(user(distrusted=REFUSED))[0] is StepStatus.SKIPPED
    for tried in ({"refused": REFUSED}, {"skipped": GRACE}):
        assert export(user({}, tried, distrusted=REFUSED))[0] is StepStatus.FAILURE


@pytest.mark.parametrize(
    ("plan", "drift", "kept"),
    [
        (UPDATE, "title=report", True),
        (UPDATE, "title=leave", True),
        (UPDATE, "existence=report", False),
        (update(title="x", nickName="y"), "title=report", False),
        (CREATE, "existence=report", True),
        (CREATE, "title=report", False),
        (JOINED, "memberships=report", True),
        (JOINED, "title=report", False),
    ],
)
def test_what_hands_have_changed_is_repaired_or_left_by_drift(
    plan: Planned, drift: str, kept: bool
) -> None:
    found = user(
        {}, {"plans": (plan,), "by_hand": True}, requests=(PATCH,), drift=parse_drift(drift)
    )
    status, detail, remedy = export(found)
    assert status is StepStatus.WAITING
    assert (f"DRIFT=repair,{drift} leaves it" in detail) is kept
    assert remedy == (f"Set DRIFT=repair. {ON_DEMAND}" if kept else ON_DEMAND)


def test_what_waits_is_listed() -> None:
    waiting = {
        "off": True,
        "held": HeldBack("Too many.", NOW),
        "escrow": (escrowed(3),),
        "items": (ITEM,),
        "young": NOW,
    }
    assert export_step(user({}, {}, waiting)).facts == {
        "off": True,
        "held": {"reason": "Too many.", "since": AT},
        "escrow": [
            {
                "error_code": "Rejected",
                "reason": "No such title.",
                "tries": 3,
                "since": AT,
                "next_try": AT,
            }
        ],
        "lanes": [{"lane": 3, "since": AT, "cause": "hint"}],
        "removal_due": AT,
    }
    assert export_step(user()).facts == {
        "off": False,
        "held": None,
        "escrow": [],
        "lanes": [],
        "removal_due": None,
    }
