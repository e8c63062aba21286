"""The limit of 5 requests a second, and its measure."""

from __future__ import annotations

from email.utils import parsedate_to_datetime
from typing import Any

import pytest

from simulator.zscloud import max_in_any_second
from tests.simulator.zscloud_caller import START, Caller


async def statuses(caller: Caller, times: list[float]) -> list[int]:
    """The statuses of requests at these seconds after the start."""
    answers = []
    for time in times:
        caller.clock.now = START + time
        answers.append((await caller.call("GET", "/Users")).status)
    return answers


async def test_a_bucket_admits_a_burst_and_then_the_rate() -> None:
    caller = Caller(rate=5.0, burst=3)
    assert await statuses(caller, [0, 0, 0, 0, 0.1, 0.2, 0.2]) == [
        200,
        200,
        200,
        429,
        429,
        200,
        429,
    ]


async def test_a_bucket_never_holds_more_than_its_burst() -> None:
    caller = Caller(rate=5.0, burst=2)
    assert await statuses(caller, [0, 100, 100, 100]) == [200, 200, 200, 429]


async def test_a_bucket_keeps_a_paced_client() -> None:
    caller = Caller(rate=5.0, burst=1)
    assert set(await statuses(caller, [number * 0.2 for number in range(200)])) == {200}


async def test_a_sliding_second_forgives_no_sixth_request() -> None:
    caller = Caller(rate=5.0, limiter="sliding")
    times = [0, 0.2, 0.4, 0.6, 0.8, 0.99, 1.0, 1.1, 1.2]
    assert await statuses(caller, times) == [200] * 5 + [429, 200, 429, 200]


async def test_a_sliding_rate_below_one() -> None:
    caller = Caller(rate=0.5, limiter="sliding")
    assert await statuses(caller, [0, 1.9, 2.0]) == [200, 429, 200]


async def test_no_rate_means_no_limit() -> None:
    assert set(await statuses(Caller(), [0.0] * 50)) == {200}


async def test_a_refused_request_does_nothing_but_is_logged() -> None:
    caller = Caller(rate=5.0, burst=1)
    await caller.user()
    refused = await caller.call("POST", "/Users", {})
    assert refused.status == 429
    assert [request.status for request in caller.sim.requests] == [201, 429]


@pytest.mark.parametrize(
    ("style", "value"),
    [("seconds", "4"), ("zero_seconds", "0 seconds"), ("none", None)],
)
async def test_the_forms_of_retry_after(style: Any, value: str | None) -> None:
    caller = Caller(rate=0.25, burst=1, retry_after=style)
    await caller.call("GET", "/Users")
    answer = await caller.call("GET", "/Users")
    assert answer.status == 429
    assert answer.headers.get("retry-after") == value
    if style == "zero_seconds":
        assert answer.body["Retry-After"] == "0 seconds"
    else:
        assert answer.body["status"] == "429"


async def test_retry_after_as_a_date_is_never_too_early() -> None:
    caller = Caller(rate=0.4, burst=1, retry_after="date")
    await caller.call("GET", "/Users")
    answer = await caller.call("GET", "/Users")
    due = parsedate_to_datetime(answer.headers["retry-after"]).timestamp()
    assert due == START + 3
    caller.clock.now = due
    assert (await caller.call("GET", "/Users")).status == 200


@pytest.mark.parametrize(
    ("times", "most"),
    [
        ([], 0),
        ([3.0], 1),
        ([0, 0.2, 0.4, 0.6, 0.8, 1.0], 5),
        ([0, 0.2, 0.4, 0.6, 0.8, 0.991], 5),
        ([0, 0.2, 0.4, 0.6, 0.8, 0.98], 6),
        ([0.98, 0.8, 0.6, 0.4, 0.2, 0], 6),
        ([START + number * 0.202 for number in range(100)], 5),
    ],
)
def test_the_most_requests_in_any_second(times: list[float], most: int) -> None:
    assert max_in_any_second(times) == most


def test_the_tolerance_is_a_choice() -> None:
    assert max_in_any_second([0, 0.95], tolerance=0.0) == 2
    assert max_in_any_second([0, 0.95], tolerance=0.05) == 1


async def test_new_limits_hold_at_once() -> None:
    caller = Caller()
    caller.sim.set_options(rate=5, burst=1)
    assert await statuses(caller, [0, 0]) == [200, 429]
    caller.sim.set_options(rate=0)
    assert await statuses(caller, [0, 0]) == [200, 200]
    assert max_in_any_second(caller.sim.requests.times()) == 4
