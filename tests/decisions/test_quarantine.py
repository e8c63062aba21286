"""When a job is put in quarantine, and how long it waits between probes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioning.errors import (
    AnswerLost,
    CredentialsRefused,
    EndpointGone,
    NotReached,
    PermissionMissing,
    ProvisioningError,
    Rejected,
    RemoteUnavailable,
    TooManyFailures,
)
from provisioning.quarantine import (
    Cause,
    Quarantine,
    QuarantineEntry,
    Tally,
    Tries,
    Unreached,
    cause_of,
    outage_with,
    probe_wait,
    settings_digest,
)
from provisioning.rows.buffer import WriteBehind
from provisioning.state.memory import MemoryStore
from tests.state.clock import ManualClock


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        (CredentialsRefused("ZSCloud", "GET /Users", "no", status=401), Cause.CREDENTIALS_REFUSED),
        (CredentialsRefused("Graph", "GET /users", "no", status=401), None),
        (PermissionMissing("GET /users", "User.Read.All", "no"), None),
        (EndpointGone("ZSCloud", "GET /Users", "not found", status=404), Cause.TARGET_GONE),
        (TooManyFailures("21 of 40"), Cause.FAILURE_RATIO),
        (RemoteUnavailable("ZSCloud", "GET /Users", "busy", status=503), None),
        (NotReached("ZSCloud", "GET /Users", "no such name"), None),
        (Rejected("ZSCloud", "POST /Users", "no", status=400), None),
        (AnswerLost("ZSCloud", "POST /Users", "no", status=500), None),
    ],
)
def test_what_is_a_reason(error: ProvisioningError, cause: Cause | None) -> None:
    assert cause_of(error, None) is cause


@pytest.mark.parametrize(("seconds", "cause"), [(599.0, None), (600.0, Cause.TARGET_GONE)])
def test_an_outage_is_one_after_ten_minutes(seconds: float, cause: Cause | None) -> None:
    error = NotReached("ZSCloud", "GET /Users", "no such name")
    assert cause_of(error, Unreached(1000.0, 1000.0 + seconds)) is cause


def test_an_outage_long_ago_is_another_one() -> None:
    assert outage_with(None, 5.0) == Unreached(5.0, 5.0)
    assert outage_with(Unreached(5.0, 10.0), 300.0) == Unreached(5.0, 300.0)
    assert outage_with(Unreached(5.0, 10.0), 10_000.0) == Unreached(10_000.0, 10_000.0)


@pytest.mark.parametrize(
    ("tried", "failed", "is_too_bad"),
    [
        *((0, 0, False), (10, 10, False), (19, 19, False), (20, 8, False), (20, 9, True)),
        *((1000, 300, False), (1000, 400, False), (1000, 401, True)),
    ],
)
def test_more_than_40_percent_of_at_least_20(tried: int, failed: int, *, is_too_bad: bool) -> None:
    assert Tally(tried, failed).is_too_bad is is_too_bad


def test_the_first_probe_comes_after_a_minute() -> None:
    waits = [probe_wait(probes, 0.0) for probes in range(7)]
    assert waits == [60, 120, 240, 480, 900, 900, 900]


@given(st.integers(0, 10**6), st.floats(0, 1))
def test_probes_go_on_for_ever_at_most_fifteen_minutes_apart(probes: int, random: float) -> None:
    assert 48 <= probe_wait(probes, random) <= 900


def test_the_digest_tells_a_change_and_nothing_else() -> None:
    url, token = "https://scim.example.com/1/2", "a-secret"
    first = settings_digest("job", url, token)
    assert first == settings_digest("job", f"{url}/", token)
    others = {
        settings_digest("job", url, "another"),
        settings_digest("job", "https://scim.example.com/1/3", token),
        settings_digest("another job", url, token),
    }
    assert len({first, *others}) == 4
    assert len(first) == 12
    assert token not in first


def entry(**changes: object) -> QuarantineEntry:
    fields = {
        "cause": Cause.TARGET_GONE,
        "error_code": "EndpointGone",
        "reason": "gone",
        "remedy": "look",
        "since": 100.0,
        "next_probe": 160.0,
        "settings_digest": "d",
        "cycle_id": "c",
    }
    return QuarantineEntry(**{**fields, **changes})  # type: ignore[arg-type]


async def test_how_long_it_waits() -> None:
    store = MemoryStore(time=lambda: 0.0)
    quarantine = Quarantine(store, "job")
    assert await quarantine.wait(0.0, "d") is None
    await store.write([quarantine.put(entry())])
    assert await quarantine.wait(100.0, "d") == 60.0
    assert await quarantine.wait(170.0, "d") == 0.0
    assert await quarantine.wait(100.0, "changed") == 0.0
    await store.write([quarantine.wanted("1")])
    assert await quarantine.wait(100.0, "d") == 0.0
    granted = await quarantine.granted()
    await store.write([quarantine.wanted("2")])
    await store.write(granted)
    assert await quarantine.wait(100.0, "d") == 0.0, "asked for again meanwhile"
    await store.write(await quarantine.granted())
    assert await quarantine.wait(100.0, "d") == 60.0
    await store.write(quarantine.released())
    assert await quarantine.get() is None


async def test_the_window_slides_and_keeps_few_rows() -> None:
    store = MemoryStore(time=lambda: 0.0)
    buffer = WriteBehind(store, ManualClock())
    tries = Tries(buffer, "job")
    for minute in range(120):
        await buffer.write(tries.add(minute * 60.0, failed=minute % 2 == 0))
    counted = tries.recent(119 * 60.0)
    assert counted.tried == 15
    assert 7 <= counted.failed <= 8
    assert await store.count("job:tries") <= 16
    again = Tries(buffer, "job")
    await again.load()
    assert again.recent(119 * 60.0) == counted
    await buffer.write(again.forget())
    assert again.recent(119 * 60.0) == Tally()
    assert await store.count("job:tries") == 0
    await buffer.close()
