"""Azure Storage that is busy, breaks off or does not answer: nothing is lost."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from email.utils import formatdate

import pytest

from provisioning.errors import LeaseUnavailable, StoreUnavailable
from provisioning.ports import Row
from provisioning.rows.buffer import WriteBehind
from provisioning.state.azure import AzureStore
from provisioning.storage.retries import Retries
from tests.servers import azurite
from tests.servers.azure_proxy import Fault, Proxy, between
from tests.state import azure_storage
from tests.state.clock import ManualClock

_BUSY = Fault(503)


class _Waits:
    """A sleep that is over at once, and what was to be slept."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.seconds.append(seconds)


@pytest.fixture
def waits() -> _Waits:
    return _Waits()


class _Storage:
    """A store over a proxy, already open, and one beside it that sees what is really there."""

    def __init__(self, proxy: Proxy, store: AzureStore, truth: AzureStore) -> None:
        self.proxy = proxy
        self.store = store
        self.truth = truth


@pytest.fixture
async def storage(waits: _Waits) -> AsyncIterator[_Storage]:
    table = azure_storage.new_name()
    retries = Retries(sleep=waits, attempt=0.5)
    async with between(azurite.shared(), "table") as (proxy, environ):
        store = AzureStore(azure_storage.account(environ), table=table, retries=retries)
        truth = AzureStore(azure_storage.account(), table=table)
        await store.write([Row("links", "a", b"1"), Row("links", "b", b"1")])
        proxy.seen.clear()
        yield _Storage(proxy, store, truth)
        await store.close()
        await truth.close()


def _rows() -> list[Row]:
    """Of each kind: put, deleted, deleted in vain, on a condition that holds and that does not."""
    return [
        Row("links", "a", None, about="x"),
        Row("links", "new", b"2", about="x"),
        Row("links", "never", None, about="x"),
        Row("links", "b", b"2", only_if=b"1", about="x"),
        Row("links", "new", None, only_if=b"9", about="x"),
        Row("log", "0001", b"3", about="y"),
    ]


_AFTER = {"links": [("b", b"2"), ("new", b"2")], "log": [("0001", b"3")]}


async def _content(store: AzureStore) -> dict[str, list[tuple[str, bytes]]]:
    return {table: list(await store.scan(table)) for table in ("links", "log")}


@pytest.mark.parametrize(
    "fault",
    [
        _BUSY,
        Fault(500, "InternalError"),
        Fault(429, "TooManyRequests"),
        Fault(408, "OperationTimedOut"),
        Fault(lost="before"),
        Fault(lost="after"),
        Fault(lost="midway"),
    ],
    ids=["503", "500", "429", "408", "lost before", "lost after", "lost midway"],
)
@pytest.mark.parametrize("times", [1, 3])
async def test_what_passes_changes_nothing_in_the_end(
    storage: _Storage, fault: Fault, times: int
) -> None:
    storage.proxy.faults = [fault] * times
    await storage.store.write(_rows())
    assert await _content(storage.truth) == _AFTER
    storage.proxy.faults = [fault] * times
    assert await _content(storage.store) == _AFTER


async def test_an_answer_that_nobody_can_read_is_asked_for_again(storage: _Storage) -> None:
    """Of a transaction: it was executed."""
    storage.proxy.befalls = lambda seen: seen.kind == "batch"
    storage.proxy.faults = [Fault(garbled=True)]
    await storage.store.write(_rows())
    assert storage.proxy.faults == []
    assert await _content(storage.truth) == _AFTER


async def test_a_request_without_an_answer_is_sent_again(storage: _Storage) -> None:
    storage.proxy.faults = [Fault(hangs=True)]
    await storage.store.write(_rows())
    assert await _content(storage.truth) == _AFTER


async def test_every_request_of_a_write_may_lose_its_answer(storage: _Storage) -> None:
    """Each request in turn is executed, and its answer is lost."""
    for number in range(12):
        await storage.store.write([Row("links", "a", b"1"), Row("links", "b", b"1")])
        await storage.store.write([Row("links", "new", None), Row("log", "0001", None)])
        storage.proxy.seen.clear()
        storage.proxy.befalls = lambda seen, n=number: len(storage.proxy.seen) == n + 1  # type: ignore[misc]
        storage.proxy.faults = [Fault(lost="after")]
        await storage.store.write(_rows())
        assert await _content(storage.truth) == _AFTER
        if storage.proxy.faults:
            break
    else:
        pytest.fail("The write has more requests than were tried.")
    assert number > 2


async def test_a_write_that_outlasts_the_lease_breaks_off(storage: _Storage, waits: _Waits) -> None:
    """What is sent again after seconds is sent only while it is still ours to write."""
    clock = ManualClock()
    buffer = WriteBehind(storage.store, clock, may_write=lambda: not waits.seconds)
    storage.proxy.faults = [_BUSY]
    with pytest.raises(LeaseUnavailable):
        await buffer.write([Row("log", "0001", b"1")])
    assert len(waits.seconds) == 1
    assert await storage.truth.get("log", "0001") is None


async def test_a_service_that_stays_busy_is_unavailable(storage: _Storage, waits: _Waits) -> None:
    storage.proxy.faults = [_BUSY] * 100
    for call in (
        storage.store.write([Row("links", "a", b"9")]),
        storage.store.get("links", "a"),
        storage.store.get_many("links", ["a", "b"]),
        storage.store.scan("links"),
        storage.store.count("links"),
    ):
        with pytest.raises(StoreUnavailable, match=r"answered 503 \(ServerBusy\)") as error:
            await call
        assert "check the storage account that AzureWebJobsStorage names" in error.value.remedy
        assert azurite.KEY not in f"{error.value!r} {error.value.remedy}"
    assert len(waits.seconds) >= 4 * 4
    assert max(waits.seconds) <= Retries().longest_wait
    storage.proxy.faults = []
    assert await storage.store.get("links", "a") == b"1"


async def test_waits_grow(storage: _Storage, waits: _Waits) -> None:
    storage.proxy.faults = [_BUSY] * Retries().attempts
    with pytest.raises(StoreUnavailable):
        await storage.store.get("links", "a")
    for wait, longest in zip(waits.seconds, (0.2, 0.4, 0.8, 1.6, 3.2, 5, 5, 5), strict=True):
        assert longest / 2 <= wait <= longest


@pytest.mark.parametrize("date", [False, True])
async def test_a_wait_that_is_asked_for_is_kept(
    storage: _Storage, waits: _Waits, date: bool
) -> None:
    after = formatdate(timeval=None, usegmt=True) if date else "7"
    storage.proxy.faults = [Fault(503, retry_after=after)]
    assert await storage.store.get("links", "a") == b"1"
    assert waits.seconds == [pytest.approx(0.0 if date else 7.0, abs=1.0)]


async def test_a_wait_that_is_too_long_is_not_begun(storage: _Storage, waits: _Waits) -> None:
    storage.proxy.faults = [Fault(503, retry_after="3600")]
    with pytest.raises(StoreUnavailable):
        await storage.store.get("links", "a")
    assert waits.seconds == []


async def test_a_service_that_does_not_answer_is_unavailable(waits: _Waits) -> None:
    retries = Retries(attempts=2, attempt=0.05, sleep=waits)
    async with between(azurite.shared(), "table") as (proxy, environ):
        store = AzureStore(azure_storage.account(environ), table="missing", retries=retries)
        proxy.faults = [Fault(hangs=True)] * 2
        with pytest.raises(StoreUnavailable, match="did not answer in time"):
            await store.get("links", "a")
        await store.close()


async def test_a_service_that_is_not_there_is_unavailable(waits: _Waits) -> None:
    async with between(azurite.shared(), "table") as (_, environ):
        account = azure_storage.account(environ)
    store = AzureStore(account, retries=Retries(sleep=waits))
    with pytest.raises(StoreUnavailable, match="could not be reached"):
        await store.get("links", "a")
    assert len(waits.seconds) == Retries().attempts - 1
    await store.close()


async def test_a_first_call_that_failed_is_made_good_by_the_next() -> None:
    """At each of the requests that make the table."""
    async with between(azurite.shared(), "table") as (proxy, environ):
        account = azure_storage.account(environ)
        store = AzureStore(account, table=azure_storage.new_name(), retries=Retries(attempts=1))
        for kind in ("get", "post", "query", "put"):
            proxy.faults = [Fault(lost="after") if kind == "post" else Fault(500)]
            proxy.befalls = lambda seen, kind=kind: seen.kind == kind  # type: ignore[misc]
            with pytest.raises(StoreUnavailable):
                await store.get("links", "a")
            assert proxy.faults == []
        await store.write([Row("links", "a", b"1")])
        assert await store.get("links", "a") == b"1"
        await store.close()


async def test_a_write_that_failed_is_made_good_by_writing_again(storage: _Storage) -> None:
    """In between, for each thing, the rows before some point took effect."""
    for number in range(12):
        await storage.store.write([Row("links", "a", b"1"), Row("links", "b", b"1")])
        await storage.store.write([Row("links", "new", None), Row("log", "0001", None)])
        storage.proxy.seen.clear()
        storage.proxy.befalls = lambda seen, n=number: len(storage.proxy.seen) > n  # type: ignore[misc]
        storage.proxy.faults = [_BUSY] * 100
        try:
            await storage.store.write(_rows())
        except StoreUnavailable:
            storage.proxy.faults = []
            await storage.store.write(_rows())
            assert await _content(storage.truth) == _AFTER
        else:
            return
    pytest.fail("The write has more requests than were tried.")


async def test_a_cancelled_write_leaves_the_store_usable(storage: _Storage) -> None:
    storage.proxy.faults = [Fault(hangs=True)]
    writing = asyncio.create_task(storage.store.write(_rows()))
    await asyncio.wait([writing], timeout=0.1)
    assert storage.proxy.seen
    writing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await writing
    await storage.store.write(_rows())
    assert await _content(storage.truth) == _AFTER
