"""What one answer says of Graph's allowance holds for every request."""

from __future__ import annotations

import asyncio

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioning.graph.allowance import LONGEST, Allowance
from provisioning.graph.wire import Answer
from tests.graph.scripted import NOW, FakeClock, Script, answer, page, refusal, source_for

USED = "x-ms-throttle-limit-percentage"


def said(status: int = 200, **headers: str) -> float:
    """The wait after one answer."""
    allowance = Allowance()
    allowance.observe(Answer(status, headers, b"", NOW))
    return allowance.wait(NOW)


def test_an_answer_that_says_nothing_keeps_nobody_waiting() -> None:
    assert said() == 0.0
    assert Allowance().wait(0.0) == 0.0
    assert said(200, **{"retry-after": "9"}) == 0.0


@pytest.mark.parametrize(
    ("used", "wait"), [("0.8", 0.0), ("0.9", 1.0), ("1", 2.0), ("1.8", 10.0), ("10", LONGEST)]
)
def test_near_the_limit_requests_are_spread(used: str, wait: float) -> None:
    assert said(**{USED: used}) == pytest.approx(wait, abs=1e-6)


@pytest.mark.parametrize("used", ["", "much", "nan", "inf", "-1", "11"])
def test_a_share_that_means_nothing_is_ignored(used: str) -> None:
    assert said(**{USED: used}) == 0.0


@given(st.integers(100, 599), st.text(), st.text())
def test_no_header_keeps_requests_longer_than_a_minute(
    status: int, used: str, retry_after: str
) -> None:
    assert 0.0 <= said(status, **{USED: used, "retry-after": retry_after}) <= LONGEST


def test_a_later_answer_that_asks_for_less_takes_nothing_back() -> None:
    allowance = Allowance()
    allowance.observe(Answer(429, {"retry-after": "30"}, b"", NOW))
    allowance.observe(Answer(200, {USED: "0.9"}, b"", NOW + 1))
    assert allowance.wait(NOW + 1) == 29.0
    assert allowance.wait(NOW + 30) == 0.0


async def test_a_pause_keeps_the_other_reads_from_sending() -> None:
    """A request that is refused counts as well (Graph: throttling)."""
    clock = FakeClock()
    sent: list[float] = []
    asked = asyncio.Event()

    def serve(request: httpx.Request) -> httpx.Response:
        sent.append(clock.now - NOW)
        asked.set()
        return refusal(429, retry_after="5") if len(sent) == 1 else page([])

    source = source_for(serve, clock)  # type: ignore[arg-type]
    first = asyncio.create_task(_read(source.all_groups()))
    await asked.wait()
    await asyncio.gather(first, _read(source.all_users()))
    assert sent[0] == 0.0
    assert all(time >= 5.0 for time in sent[1:])


async def _read(pages: object) -> None:
    async for _ in pages:  # type: ignore[attr-defined]
        pass


async def test_near_the_limit_the_next_page_waits() -> None:
    clock = FakeClock()
    first = answer({"value": [], "@odata.nextLink": "/groups?$skiptoken=2"}, **{USED: "1.0"})
    await _read(source_for(Script(first, page([])), clock).all_groups())
    assert clock.slept == pytest.approx([2.0])
