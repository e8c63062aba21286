"""Which edits by hand have to stay where DRIFT lets them: all but those that the rules give up."""

from __future__ import annotations

import logging
from typing import Any
from unittest.mock import patch

import msgspec
import pytest

from provisioning.drift import DriftPolicy, Treatment
from simulator.http import Response
from tests.soak.answers import Answers
from tests.soak.script import QUIET, Event, Script, Setting
from tests.soak.test_oracle import Made
from tests.soak.week import Result, play

USERS = "https://scim.example.com/1/2/scim/Users"
BULK = "https://scim.example.com/1/2/scim/Bulk"
OK, DOWN, GONE = Response(200, body=b'{"id":"a"}'), Response(503), Response(404)
BATCH = msgspec.json.encode({"Operations": [{"method": "PATCH", "path": "/Users/a"}]})

# --- what the program can know of an account -----------------------------------------------------


class Asked:
    """Answers about accounts, and of which all was taken for the record."""

    def __init__(self) -> None:
        self.now = 0.0
        self.taken: list[str] = []
        self._answers = Answers(lambda: self.now, self.taken.append)

    def wrote(self, answer: Response | None, after: float = 1.0) -> None:
        self.now += after
        self._answers.heard("PATCH", f"{USERS}/a", b"{}", answer)

    def wrote_together(self, answer: Response | None) -> None:
        self.now += 1.0
        self._answers.heard("POST", BULK, BATCH, answer)

    def looked(self, answer: Response | None, *, at: str = "a", after: float = 1.0) -> None:
        self.now += after
        self._answers.heard("GET", f"{USERS}/{at}", None, answer)


@pytest.mark.parametrize("lost", [None, DOWN, Response(200, body=b"<html>"), Response(500)])
def test_a_lost_answer_whose_object_cannot_be_read_makes_all_of_it_doubtful(lost: Any) -> None:
    asked = Asked()
    asked.wrote(lost)
    asked.looked(lost)
    assert asked.taken == []
    asked.looked(OK, after=300.0)
    assert asked.taken == ["a"]
    asked.looked(OK)
    assert asked.taken == ["a"]


def test_what_nobody_came_to_look_at_is_doubtful_too() -> None:
    asked = Asked()
    asked.wrote(None)
    asked.looked(OK, after=300.0)
    assert asked.taken == ["a"]


def test_a_lost_answer_whose_object_is_read_at_once_is_not() -> None:
    asked = Asked()
    asked.wrote(None)
    asked.looked(Response(429))
    asked.looked(OK)
    asked.looked(OK, after=300.0)
    assert asked.taken == []


@pytest.mark.parametrize("said", [OK, GONE, Response(204), Response(429), Response(400)])
def test_nor_is_what_an_answer_came_for(said: Response) -> None:
    asked = Asked()
    asked.wrote(said)
    asked.looked(DOWN)
    asked.looked(OK, after=300.0)
    assert asked.taken == []


def test_another_account_is_not_meant() -> None:
    asked = Asked()
    asked.wrote(None)
    asked.looked(None)
    asked.looked(OK, at="b", after=300.0)
    assert asked.taken == []


def test_what_a_batch_says_may_be_disbelieved_as_long_as_it_is_looked_at() -> None:
    asked = Asked()
    asked.wrote_together(OK)
    asked.looked(OK, after=300.0)
    assert asked.taken == []
    asked.wrote_together(OK)
    asked.looked(DOWN)
    asked.looked(OK, after=300.0)
    assert asked.taken == ["a"]
    asked.wrote_together(DOWN)
    asked.looked(OK, after=300.0)
    assert asked.taken == ["a", "a"]


# --- which edits have to stay --------------------------------------------------------------------

HAND = {"n": 0, "value": "", "mark": 2}
EDITED = "user0.0@example.com.department, edited by hand, is undone"


def edited() -> Made:
    made = Made()
    assert made.portal.do("hand_attribute", HAND)
    return made


def undone(made: Made, value: str) -> list[str]:
    """What is said when the edited department becomes a value."""
    made.zscloud.edit_user("user0.0@example.com", department=value)
    made.since.observe()
    return made.portal.undone(made.since.attributes)


def test_an_edit_has_to_stay() -> None:
    made = edited()
    assert made.portal.undone(made.since.attributes) == []
    assert undone(made, "Sales") == [EDITED]


def test_an_edit_of_what_was_taken_for_the_record_gives_way_to_what_entra_has() -> None:
    for value, says in (("Sales", []), ("Legal", [EDITED])):
        made = edited()
        (id,) = (u.id for u in made.zscloud.users if u.user_name == "user0.0@example.com")
        made.portal.taken(id)
        assert made.portal.undone(made.since.attributes) == []
        assert undone(made, value) == says


def test_that_another_account_was_taken_for_the_record_says_nothing() -> None:
    made = edited()
    (id,) = (u.id for u in made.zscloud.users if u.user_name == "user4.4@example.com")
    made.portal.taken(id)
    assert undone(made, "Sales") == [EDITED]


def test_an_edit_made_while_a_change_of_entra_waits_gives_way_to_it() -> None:
    for value, says in (("Legal", []), ("Sales", [EDITED])):
        made = Made()
        made.people.do("attribute", {"n": 0, "value": "Legal", "mark": 1})
        made.portal.do("hand_attribute", HAND)
        assert undone(made, value) == says


def test_an_edit_over_an_edit_gives_way_to_nothing() -> None:
    made = edited()
    made.portal.do("hand_attribute", {**HAND, "mark": 4})
    assert undone(made, "Sales") == [EDITED]


def test_what_has_given_way_is_not_asked_for_again() -> None:
    made = Made()
    made.people.do("attribute", {"n": 0, "value": "Legal", "mark": 1})
    made.portal.do("hand_attribute", HAND)
    assert undone(made, "Legal") == []
    assert (made.portal.edits, made.portal.yielding) == ({}, set())


# --- whole runs ----------------------------------------------------------------------------------

SETTING = Setting(
    users=12,
    groups=3,
    nested=False,
    percent=100,
    told=True,
    pieces=False,
    instances=1,
    latency=0.1,
    drift="report",
)
EDIT = Event(1300.0, "hand_attribute", {"n": 0, "value": "", "mark": 2})
RENAMED = Event(1330.0, "attribute", {"n": 0, "value": "Sales", "mark": 3})
REFUSED = {"side": "zscloud", "knobs": {"fail_share": 1.0, "fail_status": 503}, "seconds": 120.0}
QUIET_AFTER = Event(2000.0, QUIET)


def played(*events: Event, filtered: bool = False) -> Result:
    some = sorted([Event(60.0, QUIET), *events, QUIET_AFTER], key=lambda event: event.at)
    setting = msgspec.structs.replace(SETTING, filtered=filtered)
    script = Script(seed=0, hours=1.0, setting=setting, events=tuple(some))
    return play(script)


@pytest.mark.parametrize("events", [(EDIT,), (EDIT, RENAMED)])
def test_an_edit_that_is_undone_is_noticed(
    events: tuple[Event, ...], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.CRITICAL)
    assert played(*events).violations == ()
    with patch.object(DriftPolicy, "of", lambda *_: Treatment.REPAIR):
        broken = played(*events).violations
    assert [each.law for each in broken] == [6]
    assert "edited by hand, is undone" in broken[0].text


def test_an_edit_that_nobody_can_tell_from_a_lost_request_may_be_written_over(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.CRITICAL)
    assert played(Event(1280.0, "fault", REFUSED), EDIT, RENAMED).violations == ()


def test_an_edit_of_somebody_who_is_left_out_gives_way_to_a_change_that_waited(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.CRITICAL)
    off = Event(1200.0, "attribute", {"n": 0, "value": "Legal", "mark": 3})
    edit = Event(1250.0, "hand_attribute", {"n": 0, "value": "", "mark": 1})
    back = Event(1350.0, "attribute", {"n": 0, "value": "Sales", "mark": 1})
    assert played(off, edit, back, filtered=True).violations == ()
