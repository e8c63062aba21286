"""Each alarm as it is told: its place, code, words and remedy, from literal facts."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from provisioning.alerts.conditions import (
    ESCROW_FLOOR,
    ESCROW_OVER,
    EXPIRES_SOON,
    MOST_NAMES,
    Condition,
    Facts,
    Failure,
    Plan,
    Poisoned,
    Quarantine,
    Trouble,
    holding,
)
from provisioning.alerts.deciding import PAUSE, REMIND_EVERY, WORSE, Due, Told, due, outdated
from provisioning.alerts.message import document, mail, text, title
from provisioning.guard import RELEASE
from provisioning.notice import Alarm, NoticeState
from tests.alerts.notices import NOTICE, notice

NOW = 1_700_000_000.0
HOUR = 3600.0
WELL = Facts(
    now=NOW,
    no_cycle_seconds=5400.0,
    first_seen=NOW - 1e6,
    on_since=NOW - 1e6,
    alive_at=NOW - 60,
)
SEVEN = tuple("ABCDEFG")


def only(**facts: Any) -> Condition:
    (found,) = holding(msgspec.structs.replace(WELL, **facts))
    return found


def failure(number: int, code: str = "RemoteUnavailable", **fields: Any) -> Failure:
    return Failure(
        cycle_id=f"c{number}",
        code=code,
        error=f"Error {number}.",
        remedy=f"Remedy {number}.",
        at=NOW - number,
        **fields,
    )


def test_the_numbers_that_operators_know() -> None:
    assert (EXPIRES_SOON, ESCROW_FLOOR, ESCROW_OVER, MOST_NAMES) == (48 * HOUR, 10, 5, 5)
    assert (REMIND_EVERY, PAUSE, WORSE) == (86_400.0, 1800.0, 1.5)
    assert list(Alarm) == [
        *("quarantined", "token_refused", "cycle_failed", "no_cycle", "held", "held_expiring"),
        *("held_expired", "escrow_growing", "poison", "subscription", "test"),
    ]
    assert list(NoticeState) == ["begun", "reminder", "over"]


@pytest.mark.parametrize(
    ("cause", "code", "subject"),
    [
        ("Unauthorized", Alarm.TOKEN_REFUSED, "zscloud"),
        ("InsufficientRights", Alarm.TOKEN_REFUSED, "zscloud"),
        ("TooManyFailures", Alarm.QUARANTINED, "job"),
    ],
)
def test_a_quarantine(cause: str, code: Alarm, subject: str) -> None:
    found = Quarantine(cause=cause, reason="It is so.", remedy="Do it.", since=NOW - 9)
    expected = Condition(
        place="quarantine",
        code=code,
        subject=subject,
        sentence="The job is in quarantine, and nothing is written to ZSCloud: It is so.",
        remedy="Do it.",
        since=NOW - 9,
    )
    assert only(quarantine=found) == expected
    off = only(quarantine=found, on_since=None)
    assert off == msgspec.structs.replace(expected, quiet=True)


def test_graph_that_refuses() -> None:
    failures = (failure(1, "Unauthorized"), failure(2, "InsufficientRights"))
    expected = Condition(
        place="credentials/graph",
        code=Alarm.TOKEN_REFUSED,
        subject="graph",
        sentence="No cycle can run: Error 1.",
        remedy="Remedy 1.",
        since=NOW - 2,
    )
    assert only(failures=failures) == expected
    assert only(failures=failures, on_since=None).quiet
    # Of a quarantine that is over the next cycle will tell.
    assert (
        holding(
            msgspec.structs.replace(WELL, failures=(failure(1, "Unauthorized", quarantined=True),))
        )
        == []
    )


def test_a_cycle_that_failed() -> None:
    expected = Condition(
        place="cycle_failed",
        code=Alarm.CYCLE_FAILED,
        subject="cycle",
        sentence="Cycle c1 failed: Error 1.",
        remedy="Remedy 1.",
        since=NOW - 2,
    )
    assert only(failures=(failure(1), failure(2))) == expected
    assert only(failures=(failure(1), failure(2, "Unauthorized"))).since == NOW - 1
    assert only(failures=(failure(1),), on_since=None).quiet
    refused, failed = holding(
        msgspec.structs.replace(WELL, failures=(failure(1, "Unauthorized"), failure(2)))
    )
    assert (refused.place, failed.place, failed.quiet) == (
        "credentials/graph",
        "cycle_failed",
        True,
    )
    assert failed.sentence == "Cycle c2 failed: Error 2."
    both = Quarantine(cause="x", reason="r", remedy="m", since=NOW)
    _, quiet = holding(msgspec.structs.replace(WELL, failures=(failure(1),), quarantine=both))
    assert quiet.quiet


def test_no_cycle_for_too_long() -> None:
    late = only(alive_at=NOW - 5400)
    assert late == Condition(
        place="no_cycle",
        code=Alarm.NO_CYCLE,
        subject="cycle",
        sentence="No cycle has ended well for 90 minutes.",
        remedy=late.remedy,
        since=NOW - 5400,
    )
    assert late.remedy.startswith("`status` says")
    assert holding(msgspec.structs.replace(WELL, alive_at=NOW - 5399)) == []
    assert only(alive_at=None).since == WELL.first_seen
    assert only(alive_at=NOW - 1e7).since == WELL.first_seen
    assert not only(alive_at=NOW - 6000, on_since=NOW - 5400).quiet
    assert only(alive_at=NOW - 6000, on_since=NOW - 5399).quiet
    assert only(alive_at=NOW - 6000, on_since=None).quiet
    failed, late = holding(
        msgspec.structs.replace(WELL, alive_at=NOW - 6000, failures=(failure(1), failure(2)))
    )
    assert failed.place == "cycle_failed"
    assert late.sentence == (
        "No cycle has ended well for 100 minutes. The last one failed: Error 1."
    )
    stuck = Quarantine(cause="x", reason="r", remedy="m", since=NOW)
    assert holding(msgspec.structs.replace(WELL, alive_at=NOW - 6000, quarantine=stuck))[1].quiet


@pytest.mark.parametrize(
    ("expires", "code", "weight", "sentence"),
    [
        (None, Alarm.HELD, 1.0, "412 removals are held above the deletion threshold"),
        (48 * HOUR + 1, Alarm.HELD, 1.0, "412 removals are held above the deletion threshold"),
        (
            48 * HOUR,
            Alarm.HELD_EXPIRING,
            2.0,
            "The held plan p of 412 removals expires in 48 h",
        ),
        (HOUR, Alarm.HELD_EXPIRING, 2.0, "The held plan p of 412 removals expires in 1 h"),
        (0.0, Alarm.HELD_EXPIRED, 4.0, "The held plan p of 412 removals has expired undecided"),
    ],
)
def test_a_held_plan(expires: float | None, code: Alarm, weight: float, sentence: str) -> None:
    ends = None if expires is None else NOW + expires
    plan = Plan(id="p", created=NOW - 5, expires=ends, count=412, names=SEVEN)
    expected = Condition(
        place="held/p",
        code=code,
        subject="p",
        sentence=f"{sentence}.",
        remedy=f"`held show p` names them. {RELEASE}",
        names=SEVEN[:5],
        since=NOW - 5,
        weight=weight,
    )
    assert only(plans=(plan,)) == expected
    caused = msgspec.structs.replace(plan, cause="Too many.")
    assert only(plans=(caused,)).sentence == f"{sentence}: Too many."


def test_escrow_that_grows() -> None:
    found = only(escrow=10, escrow_names=SEVEN)
    assert found == Condition(
        place="escrow",
        code=Alarm.ESCROW_GROWING,
        subject="job",
        sentence="10 users and groups could not be provisioned and are tried again ever more "
        "rarely.",
        remedy="`escrow` says of each why, and when it is tried again.",
        names=SEVEN[:5],
        weight=10.0,
    )
    assert only(escrow=9).quiet
    assert only(escrow=6).quiet
    assert holding(msgspec.structs.replace(WELL, escrow=5)) == []


@pytest.mark.parametrize(
    ("count", "said"), [(1, "A message on q was"), (3, "3 messages on q were")]
)
def test_messages_that_were_set_aside(count: int, said: str) -> None:
    poisoned = Poisoned(queue="q", count=count, reason="why", remedy="Look.", since=NOW - 3)
    assert only(poisoned=(poisoned,)) == Condition(
        place="poison/q",
        code=Alarm.POISON,
        subject="q",
        sentence=f"{said} set aside after failing too often: why",
        remedy="Look.",
        since=NOW - 3,
        weight=float(count),
    )


def test_subscriptions_in_trouble() -> None:
    troubles = (
        Trouble(resource="users", sentence="Alas.", remedy="Look.", since=NOW - 1),
        Trouble(resource="groups", sentence="Alas.", remedy="Ask.", since=NOW - 2),
    )
    assert only(troubles=troubles) == Condition(
        place="subscription",
        code=Alarm.SUBSCRIPTION,
        subject="subscriptions",
        sentence="Alas.",
        remedy="Look. Ask.",
        names=("users", "groups"),
        since=NOW - 2,
    )


# --- when ----------------------------------------------------------------------------------------

HOLDS = Condition(
    place="p", code=Alarm.HELD, subject="s", sentence="S.", remedy="R.", names=("A",), since=NOW - 9
)
TOLD = Told(
    code=Alarm.HELD,
    subject="s",
    sentence="S.",
    remedy="R.",
    names=("A",),
    since=NOW - 9,
    weight=1.0,
    told_at=NOW,
)


def test_what_is_stored_of_a_message() -> None:
    begun = Due(place="p", state=NoticeState.BEGUN, told=TOLD, before=None)
    assert due([HOLDS], {}, NOW) == [begun]
    nobody_knows = msgspec.structs.replace(HOLDS, since=None)
    (first,) = due([nobody_knows], {}, NOW)
    assert first.told.since == NOW
    (again,) = due([nobody_knows], {"p": first.told}, NOW + REMIND_EVERY)
    assert (again.told.since, again.told.told_at) == (NOW, NOW + REMIND_EVERY)
    (over,) = due([], {"p": TOLD}, NOW + 5)
    ended = msgspec.structs.replace(TOLD, ended_at=NOW + 5)
    assert over == Due(place="p", state=NoticeState.OVER, told=ended, before=TOLD)
    assert due([], {"p": ended}, NOW + 9) == []
    (anew,) = due([nobody_knows], {"p": ended}, NOW + PAUSE)
    assert (anew.state, anew.told.since, anew.before) == (NoticeState.BEGUN, NOW + PAUSE, ended)
    assert due([HOLDS], {"p": ended}, NOW + PAUSE - 1) == []


@pytest.mark.parametrize(
    ("weight", "code", "after", "state"),
    [
        (1.5, Alarm.HELD, PAUSE, "reminder"),
        (1.5, Alarm.HELD_EXPIRING, PAUSE, "begun"),
        (1.5, Alarm.HELD, PAUSE - 1, None),
        (1.49, Alarm.HELD, PAUSE, None),
        (1.0, Alarm.HELD, REMIND_EVERY - 1, None),
        (1.0, Alarm.HELD_EXPIRING, REMIND_EVERY, "reminder"),
    ],
)
def test_when_it_is_told_again(weight: float, code: Alarm, after: float, state: str | None) -> None:
    worse = msgspec.structs.replace(HOLDS, weight=weight, code=code)
    found = due([worse], {"p": TOLD}, NOW + after)
    assert [each.state.value for each in found] == ([] if state is None else [state])
    assert due([msgspec.structs.replace(worse, quiet=True)], {"p": TOLD}, NOW + after) == []
    assert all(each.told.weight == weight for each in found)


def test_what_need_not_be_known_any_more() -> None:
    ended = msgspec.structs.replace(TOLD, ended_at=NOW)
    assert outdated({"p": ended, "q": TOLD}, NOW + PAUSE) == {"p": ended}
    assert outdated({"p": ended}, NOW + PAUSE - 1) == {}


# --- how -----------------------------------------------------------------------------------------

TITLES = {
    Alarm.QUARANTINED: "the job is in quarantine",
    Alarm.TOKEN_REFUSED: "credentials are refused",
    Alarm.CYCLE_FAILED: "a cycle failed",
    Alarm.NO_CYCLE: "no cycle ends well",
    Alarm.HELD: "removals are held",
    Alarm.HELD_EXPIRING: "a held plan is about to expire",
    Alarm.HELD_EXPIRED: "a held plan has expired",
    Alarm.ESCROW_GROWING: "many objects fail",
    Alarm.POISON: "a message was set aside",
    Alarm.SUBSCRIPTION: "change notifications are in trouble",
    Alarm.TEST: "this is a test",
}


@pytest.mark.parametrize("code", Alarm)
def test_the_subject_of_a_mail_says_what_it_is_about(code: Alarm) -> None:
    """Mailboxes have rules by it."""
    assert title(notice(code=code)) == TITLES[code]
    assert title(notice(code=code, state=NoticeState.REMINDER)) == f"Reminder: {TITLES[code]}"
    assert title(notice(code=code, state=NoticeState.OVER)) == f"Over: {TITLES[code]}"


def test_the_document_of_a_webhook() -> None:
    assert document(NOTICE) == {
        "id": "held/p1",
        "code": "held",
        "state": "begun",
        "subject": "p1",
        "title": "removals are held",
        "sentence": "412 removals are held above the deletion threshold.",
        "names": ["Ada Adler", "Jürgen Öztürk"],
        "remedy": "Approve or reject them.",
        "since": "2023-11-14T22:13:20Z",
        "time": "2023-11-14T22:14:20Z",
        "job": "0b1c2d3e@example.com/1234567",
        "link": "https://app.example.com/api/console",
        "text": text(NOTICE),
    }
    assert document(notice(link=None))["link"] is None


def test_the_mail_of_an_end() -> None:
    over = notice(state=NoticeState.OVER)
    assert text(over) == (
        "Over: removals are held.\n"
        "\n"
        "It was: 412 removals are held above the deletion threshold.\n"
        "Concerned: Ada Adler, Jürgen Öztürk\n"
        "\n"
        "Since: 2023-11-14T22:13:20Z\n"
        "Until: 2023-11-14T22:14:20Z\n"
        "Job: 0b1c2d3e@example.com/1234567\n"
        "Console: https://app.example.com/api/console\n"
    )
    sent = mail(over, sender="a@x.org", recipients=("b@x.org",), id="7")
    assert sent["Auto-Submitted"] == "auto-generated"
    assert sent["Date"] == "Tue, 14 Nov 2023 22:14:20 +0000"
    assert (sent["Message-ID"], sent["To"]) == ("<7@x.org>", "b@x.org")
    assert sent["Subject"] == "ZSCloud provisioning: Over: removals are held"
    assert sent.policy.linesep == "\r\n"
