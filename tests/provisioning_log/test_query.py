"""What a query looks for, and between which keys: decided without a log."""

from __future__ import annotations

from typing import Any

import pytest

from provisioning.model import Action, ScimId
from provisioning.provisioning_log import LogQuery, LogStatus
from provisioning.provisioning_log.entry import LogFacts, time_key
from tests.provisioning_log.entries import BEGIN, entry

SUCCESS, FAILURE, SKIPPED = LogStatus.SUCCESS, LogStatus.FAILURE, LogStatus.SKIPPED
REJECTED = {"status": FAILURE, "error_code": "Rejected"}


@pytest.mark.parametrize(
    ("query", "fields", "expected"),
    [
        ({}, {}, True),
        ({"cycle_id": "c1"}, {}, True),
        ({"cycle_id": "c2"}, {}, False),
        ({"status": SUCCESS}, {}, True),
        ({"status": FAILURE}, {}, False),
        ({"action": Action.UPDATE}, {}, True),
        ({"action": Action.CREATE}, {}, False),
        ({"action": Action.CREATE}, {"action": None}, False),
        ({"cause": "incremental"}, {}, True),
        ({"cause": "initial"}, {}, False),
        # What was done has no error; its reason is why it was done.
        ({"error_code": "Assigned"}, {}, False),
        ({"error_code": "assigned"}, {"status": SKIPPED}, True),
        ({"error_code": "REJECTED"}, REJECTED, True),
        ({"error_code": "Assigned"}, REJECTED, True),
        ({"error_code": "Reject"}, REJECTED, False),
        ({"error_code": "X"}, {"status": SKIPPED}, False),
        ({"error_code": "Rejected"}, {**REJECTED, "status": SUCCESS}, False),
        # An object by its id, by its name of today, or by that it had.
        ({"target": "17"}, {}, True),
        ({"target": "JO@EXAMPLE.COM"}, {}, True),
        ({"target": "ann", "target_id": ScimId("17")}, {}, True),
        ({"target": "ann", "target_id": ScimId("18")}, {}, False),
        ({"target": "18"}, {}, False),
        ({"target": "ann"}, {"target_id": None}, False),
        ({"target": "jo@example.com"}, {"target_id": None}, True),
        ({"target": "17", "status": FAILURE}, {}, False),
        # One that fits in everything but one.
        *(
            ({"cycle_id": "c1", "status": SUCCESS, "cause": "incremental", name: value}, {}, False)
            for name, value in (("action", Action.DELETE), ("cause", "x"), ("error_code", "x"))
        ),
    ],
)
def test_which_entries_it_admits(
    query: dict[str, Any], fields: dict[str, Any], expected: bool
) -> None:
    """Of an entry and of the facts that are kept of it alike."""
    found = entry(**fields)
    assert LogQuery(**query).admits(found) is expected
    assert LogQuery(**query).admits(LogFacts.of(found)) is expected


NARROWING: dict[str, Any] = {
    "status": SUCCESS,
    "action": Action.UPDATE,
    "cause": "",
    "error_code": "",
    "cycle_id": "",
    "target": "",
}


def test_what_narrows_and_what_only_says_where_to_look() -> None:
    outside = LogQuery(since=0.0, until=0.0, principal="jo", limit=1, after="x")
    assert (LogQuery().narrows, outside.narrows) == (False, False)
    assert [LogQuery(**{name: NARROWING[name]}).narrows for name in NARROWING] == [True] * 6


@pytest.mark.parametrize(
    ("status", "code", "expected"),
    [
        (None, None, False),
        (None, "Rejected", True),
        (SUCCESS, None, False),
        (SUCCESS, "Rejected", False),
        *((each, None, True) for each in LogStatus if each is not SUCCESS),
    ],
)
def test_when_the_order_of_what_needs_attention_is_enough(
    status: LogStatus | None, code: str | None, expected: bool
) -> None:
    assert LogQuery(status=status, error_code=code).only_attention is expected


AT = time_key(BEGIN)


@pytest.mark.parametrize(
    ("query", "start"),
    [
        ({}, ""),
        ({"until": BEGIN}, f"{AT}~"),
        ({"after": "cursor"}, "cursor"),
        ({"after": "cursor", "until": BEGIN}, "cursor"),
        ({"after": "", "until": BEGIN}, f"{AT}~"),
        ({"since": BEGIN}, ""),
        ({"until": 0.0}, f"{time_key(0.0)}~"),
    ],
)
def test_below_which_key_it_begins(query: dict[str, Any], start: str) -> None:
    assert LogQuery(**query).start == start


def test_the_last_moment_is_looked_at_whole() -> None:
    start = LogQuery(until=BEGIN).start
    assert entry(id="zzz").key < start < entry(1).key


@pytest.mark.parametrize(
    ("query", "stem"),
    [
        ({}, ""),
        ({"since": BEGIN}, ""),
        ({"until": BEGIN}, ""),
        ({"since": BEGIN, "until": BEGIN}, AT),
        ({"since": BEGIN, "until": BEGIN + 9}, AT[: AT.index(".") - 1]),
        ({"since": BEGIN, "until": BEGIN + 9_000}, AT[: AT.index(".") - 4]),
        ({"since": BEGIN, "after": f"{AT}/e"}, AT),
        ({"since": 0.0, "until": BEGIN}, ""),
    ],
)
def test_what_all_its_keys_begin_with(query: dict[str, Any], stem: str) -> None:
    """Of equal digits the first ones only: what differs once does not come together again."""
    assert LogQuery(**query).stem == stem


@pytest.mark.parametrize(
    ("since", "expected"),
    [(None, False), (BEGIN - 1, False), (BEGIN, False), (BEGIN + 1e-3, True), (BEGIN + 1, True)],
)
def test_when_it_has_gone_too_far_back(since: float | None, expected: bool) -> None:
    assert LogQuery(since=since).is_too_old(entry().key) is expected


def test_a_page_has_a_hundred_unless_another_number_is_asked_for() -> None:
    assert LogQuery().limit == 100
