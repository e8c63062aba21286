"""A stored row that is not what was written is named, whoever reads it."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from provisioning.errors import StateDamaged
from provisioning.model import Key
from provisioning.ports import Row
from provisioning.queues.embedded import EmbeddedQueue
from provisioning.rows import chunks
from provisioning.rows.table import Table
from provisioning.state.memory import MemoryStore
from provisioning.state.sqlite import SqliteStore

BROKEN = [b"", b"\xff", b'"\xed\xa0\x80"', b"{", b"null", b'"x"', b"[" * 100_000]


async def stored(value: bytes, table: str = "job:kind", key: str = "k") -> MemoryStore:
    store = MemoryStore()
    await store.write([Row(table, key, value)])
    return store


@pytest.mark.parametrize("raw", BROKEN)
async def test_a_row_of_a_table(raw: bytes) -> None:
    table = Table(await stored(raw), "job", "kind", int)
    for read in (table.get("k"), table.get_many(["k"]), table.page(), table.page(reverse=True)):
        with pytest.raises(StateDamaged, match="the row 'k' of 'job:kind' cannot be read") as error:
            await read
        assert error.value.problems[0].field == "STATE_STORE"
        assert error.value.remedy


async def test_the_one_that_is_damaged_is_named() -> None:
    store = await stored(b"x")
    await store.write([Row("job:kind", "a", b"1"), Row("job:kind", "z", b"2")])
    with pytest.raises(StateDamaged, match="'k'"):
        await Table(store, "job", "kind", int).page()


HEADERS: list[Any] = [
    *(None, [], {}, "x", [1, [], []], [0, [1], []], [0, [1, 2], [b"a", b"b"]], [-1, [], []]),
    *([40, [1], [b"a"]], [0, ["x"], [b"a"]], [2**70, [1], [b"a"]], [0, [-1], [b"a" * 8]]),
    [0, [1], [b"short"]],
]


@pytest.mark.parametrize("header", HEADERS, ids=repr)
async def test_the_header_of_a_set(header: Any) -> None:
    """One of a level that no set has would have us make a list without end."""
    raw = b"\xc1" if header == [2**70, [1], [b"a"]] else msgspec.msgpack.encode(header)
    store = await stored(raw, "t", "set/head")
    for read in (chunks.read(store, "t", "set"), chunks.contains(store, "t", "set", "a")):
        with pytest.raises(StateDamaged, match="the row 'set/head' of 't'"):
            await read


@pytest.mark.parametrize("chunk", [5, ["a"], {"a": 1}, {1: "a"}], ids=repr)
async def test_a_chunk_of_a_set(chunk: Any) -> None:
    store = MemoryStore()
    await store.write(await chunks.replace(store, "t", "set", {"a": "1"}))
    await store.write([Row("t", "set/00.000000", msgspec.msgpack.encode(chunk))])
    with pytest.raises(StateDamaged, match=r"the row 'set/00\.000000' of 't'"):
        await chunks.read(store, "t", "set")


@pytest.mark.parametrize("text", ["", "x", "user", "robot/1", "User/1"])
def test_a_key_that_names_nothing(text: str) -> None:
    with pytest.raises(StateDamaged, match="STATE_STORE"):
        Key.parse(text)


async def test_a_message_of_the_embedded_queue_that_cannot_be_read_is_dropped(
    tmp_path: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """It would be in the way of all others for ever. What it announced is found by the timers."""
    store = SqliteStore(tmp_path / "queue.db", threaded=False)
    await store.write([Row("queue/work", "0", b"\xff")])
    await store.close()
    queue = EmbeddedQueue(tmp_path / "queue.db", threaded=False)
    try:
        await queue.send("work", "next")
        assert [each.text for each in await queue.receive("work", 5, 30.0)] == ["next"]
        assert "cannot be read" in caplog.text
        assert await queue.receive("work", 5, 30.0) == []
    finally:
        await queue.close()


def test_a_key_is_read_back() -> None:
    assert str(Key.parse("user/1/2")) == "user/1/2"
