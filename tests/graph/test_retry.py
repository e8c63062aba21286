"""The one retry policy: what is repeated, how long it waits, when it gives up."""

from __future__ import annotations

from email.utils import formatdate

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioning.errors import (
    ProtocolError,
    Rejected,
    RemoteError,
    RemoteUnavailable,
    Throttled,
)
from provisioning.graph import RetryPolicy
from provisioning.graph.wire import Undecodable
from tests.graph.scripted import (
    NOW,
    FakeClock,
    Script,
    Step,
    answer,
    page,
    refusal,
    source_for,
)

TRUNCATED = httpx.Response(
    200, headers={"content-type": "application/json"}, content=b'{"value": [{"id": "'
)


async def read(script: Script, clock: FakeClock) -> tuple[int, int]:
    """Reads a list of one page; the requests sent and the answers of 429."""
    source = source_for(script, clock)
    assert [rows async for rows in source.all_groups()] == [[]]
    return source.requests, source.throttled


@pytest.mark.parametrize(
    "step",
    [
        refusal(500),
        refusal(502),
        refusal(503),
        refusal(504),
        refusal(429),
        TRUNCATED,
        httpx.ConnectError("refused"),
        httpx.ConnectTimeout("slow"),
        httpx.ReadTimeout("slow"),
        httpx.ReadError("reset"),
        httpx.RemoteProtocolError("closed"),
    ],
    ids=repr,
)
async def test_transient_failures_are_repeated(step: Step) -> None:
    """The next answer counts; without a stated pause the wait doubles."""
    clock = FakeClock()
    await read(Script(step, step, page([])), clock)
    assert clock.slept == [0.75, 1.5]


async def test_counts() -> None:
    """Every request is counted, and every 429."""
    script = Script(refusal(429), refusal(503), page([]))
    assert await read(script, FakeClock()) == (3, 1)


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
@pytest.mark.parametrize(
    ("value", "seconds"), [("2.5", 2.5), (formatdate(NOW + 40, usegmt=True), 40.0)]
)
async def test_the_server_says_how_long(status: int, value: str, seconds: float) -> None:
    """Retry-After is kept exactly, as seconds and as a date."""
    clock = FakeClock()
    await read(Script(refusal(status, Retry_After=value), page([])), clock)
    assert clock.slept == [seconds]


@pytest.mark.parametrize(
    ("step", "kind"),
    [
        (refusal(429, Retry_After="1"), Throttled),
        (refusal(500, request_id="r"), RemoteUnavailable),
        (TRUNCATED, Undecodable),
        (httpx.ReadTimeout("slow"), RemoteUnavailable),
    ],
    ids=repr,
)
async def test_attempts_are_bounded(step: Step, kind: type[RemoteError]) -> None:
    """After six attempts the last error is raised as it is."""
    script = Script(*[step] * 6)
    with pytest.raises(kind) as caught:
        await read(script, FakeClock())
    assert type(caught.value) is kind
    assert script.done


async def test_a_pause_beyond_the_bound_is_the_callers() -> None:
    """It is not waited for here, and the error says how long it is."""
    script = Script(refusal(429, Retry_After="100"), refusal(429, Retry_After="100"))
    clock = FakeClock()
    with pytest.raises(Throttled) as caught:
        await read(script, clock)
    assert caught.value.retry_after == 100.0
    assert clock.slept == [100.0]


@pytest.mark.parametrize("status", [400, 405, 418])
async def test_refusals_are_final(status: int) -> None:
    """Repeating does not help."""
    script = Script(refusal(status))
    with pytest.raises(Rejected):
        await read(script, FakeClock())
    assert script.done


async def test_redirects_are_not_followed() -> None:
    """They would carry the token to wherever they point."""
    script = Script(answer({}, 302, Location="https://example.com/v1.0/groups"))
    with pytest.raises(ProtocolError):
        await read(script, FakeClock())
    assert script.done


@given(attempt=st.integers(1, 40), random=st.floats(0, 1))
def test_backoff_is_bounded(attempt: int, random: float) -> None:
    """Never nothing, never more than the longest wait."""
    policy = RetryPolicy()
    assert 0 < policy.backoff(attempt, random) <= policy.longest
