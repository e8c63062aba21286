"""Chunked sets: equal to a dictionary, whatever their size, and cheap to change."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from provisioning.ports import Row
from provisioning.rows import chunks
from provisioning.state.memory import MemoryStore
from tests.thoroughness import examples

_ELEMENTS = st.text("abc/\x00\u00e9\U0001f600", min_size=1, max_size=3)
_SETS = st.dictionaries(_ELEMENTS, st.sampled_from(["", "+", "x y"]), max_size=30)
_CHANGES = st.lists(
    st.tuples(st.sampled_from(["update", "replace", "drop"]), _SETS, st.lists(_ELEMENTS)),
    max_size=8,
)


@pytest.fixture
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three elements to a chunk, so that levels change with small sets."""
    monkeypatch.setattr(chunks, "_CHUNK", 3)


def _set(size: int, start: int = 0) -> dict[str, str]:
    return {f"user/{n:036d}": "" for n in range(start, start + size)}


async def _store(store: MemoryStore, key: str, new: Mapping[str, str]) -> Sequence[Row]:
    rows = await chunks.replace(store, "members", key, new)
    await store.write(rows)
    return rows


# Each example makes its own store; the chunk size is the same for all.
@pytest.mark.usefixtures("small_chunks")
@settings(max_examples=examples(50, 150), deadline=None)
@given(_CHANGES)
async def test_it_is_a_dictionary(changes: list[tuple[str, dict[str, str], list[str]]]) -> None:
    store, model = MemoryStore(), dict[str, str]()
    await _store(store, "g/04.000001", {"neighbour": "1"})  # Looks like a chunk of "g".
    for verb, elements, remove in changes:
        if verb == "update":
            rows = await chunks.update(store, "members", "g", elements, remove)
            model = {e: v for e, v in model.items() if e not in remove} | elements
        elif verb == "replace":
            rows = await chunks.replace(store, "members", "g", elements)
            model = dict(elements)
        else:
            rows = await chunks.drop(store, "members", "g")
            model = {}
        await store.write(rows)
        await _check(store, model)
    assert await chunks.read(store, "members", "g/04.000001") == {"neighbour": "1"}


async def _check(store: MemoryStore, model: dict[str, str]) -> None:
    stored = await chunks.read(store, "members", "g")
    assert list(stored.items()) == sorted(model.items())
    header = await chunks.header(store, "members", "g")
    assert (0 if header is None else header.size) == len(model)
    if header is not None:
        assert header.digest == chunks.digest(model)
        assert len(model) <= 3 << header.level
        assert await store.count("members", "g/0") <= (1 << header.level) + 2
    for element in ("a", "abc", *model):
        assert await chunks.contains(store, "members", "g", element) == (element in model)
    assert await chunks.replace(store, "members", "g", model) == [] or header is None
    assert await chunks.update(store, "members", "g", model, ()) == []
    assert await chunks.update(store, "members", "g", {}, ["not in it"]) == []


@pytest.mark.usefixtures("small_chunks")
@settings(max_examples=examples(50, 150), deadline=None)
@given(_SETS, _SETS, st.lists(_ELEMENTS, max_size=10), st.booleans(), st.data())
async def test_a_write_that_ends_half_way_is_made_good_by_repeating_it(
    before: dict[str, str],
    elements: dict[str, str],
    remove: list[str],
    replacing: bool,
    data: st.DataObject,
) -> None:
    """A storage without large transactions may apply a leading part of the rows."""

    async def rows() -> list[Row]:
        if replacing:
            return await chunks.replace(store, "members", "g", elements)
        return await chunks.update(store, "members", "g", elements, remove)

    after = elements if replacing else {**before, **dict.fromkeys(remove, "-"), **elements}
    after = {e: v for e, v in after.items() if e in elements or e not in remove or replacing}
    store = MemoryStore()
    await _store(store, "g", before)
    wanted = await rows()
    await store.write(wanted[: data.draw(st.integers(0, len(wanted)))])
    between = await chunks.read(store, "members", "g")
    assert all(between.get(e) == before[e] for e in before if after.get(e) == before[e])
    assert set(between) <= set(before) | set(after)
    await store.write(await rows())
    assert await chunks.read(store, "members", "g") == after
    header = await chunks.header(store, "members", "g")
    assert header is None or header.digest == chunks.digest(after)
    for later in ({}, before, elements):
        await store.write(await chunks.replace(store, "members", "g", later))
        assert await chunks.read(store, "members", "g") == later


async def test_a_few_changes_of_a_large_set_rewrite_a_few_chunks() -> None:
    store, large = MemoryStore(), _set(100_000)
    rows = await _store(store, "g", large)
    assert len(rows) == 128 + 1
    header = await chunks.header(store, "members", "g")
    assert header is not None
    assert max(header.sizes) <= 1000
    assert max(len(row.value or b"") for row in rows) < 64_000
    add, remove = {"user/new": "", "user/newer": ""}, ["user/" + "0" * 36]
    rows = await chunks.update(store, "members", "g", add, remove)
    assert len(rows) <= 3 + 1
    await store.write(rows)
    expected = {**large, **add}
    del expected[remove[0]]
    assert await chunks.read(store, "members", "g") == expected


async def test_reading_one_element_reads_one_chunk() -> None:
    store = _Counting()
    await _store(store, "g", _set(20_000))
    store.asked = 0
    assert await chunks.contains(store, "members", "g", f"user/{7:036d}")
    assert store.asked == 1
    assert not await chunks.contains(store, "members", "g", "user/7")
    assert store.asked == 2
    assert not await chunks.contains(store, "members", "another", "user/7")
    assert store.asked == 2


class _Counting(MemoryStore):
    """Counts the chunks that are asked for."""

    asked = 0

    async def get_many(self, table: str, keys: Sequence[str]) -> Mapping[str, bytes]:
        self.asked += len(keys)
        return await super().get_many(table, keys)


async def test_neighbours_go_to_the_same_chunk() -> None:
    """Also while the set grows to its size by them, at lower levels."""
    store = MemoryStore()
    ordered = list(chunks.in_order(_set(8000)))
    assert sorted(ordered) == list(_set(8000))
    for start in range(0, 8000, 100):
        part = dict.fromkeys(ordered[start : start + 100], "")
        rows = await chunks.update(store, "members", "g", part, ())
        await store.write(rows)
        assert len(rows) <= 2 + 1 or rows[-1].value is None  # distributed anew
        assert len(rows) <= 8 + 4 + 1
    stored = [e async for page in chunks.pages(store, "members", "g") for e in page]
    assert stored == ordered
    assert list(chunks.in_order(list(_set(1000))[::-1])) == list(_set(1000))


async def test_others_have_their_turn_while_a_large_set_is_read_and_changed() -> None:
    store, turns = MemoryStore(), 0

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    task = asyncio.create_task(others())
    await _store(store, "g", _set(8000))
    assert turns > 8
    before = turns
    assert await chunks.read(store, "members", "g") == _set(8000)
    assert turns > before + 8
    before = turns
    await store.write(await chunks.update(store, "members", "g", _set(8000), _set(100)))
    assert turns > before + 16
    task.cancel()


async def test_growing_by_updates_leaves_nothing_of_older_levels() -> None:
    store = MemoryStore()
    for start in range(0, 5000, 500):
        await store.write(await chunks.update(store, "members", "g", _set(500, start), ()))
    header = await chunks.header(store, "members", "g")
    assert header is not None
    assert (header.level, header.size) == (3, 5000)
    assert await store.count("members") == 8 + 1
    assert await chunks.read(store, "members", "g") == _set(5000)
    await store.write(await chunks.drop(store, "members", "g"))
    assert await store.count("members") == 0


async def test_a_size_that_goes_up_and_down_does_not_rewrite_the_set() -> None:
    store = MemoryStore()
    await _store(store, "g", _set(4001))
    for size in (3999, 4001, 3999):
        assert len(await _store(store, "g", _set(size))) <= 2 + 1
    assert len(await _store(store, "g", _set(1500))) == 2 + 1 + 8
    assert await store.count("members") == 2 + 1


async def test_replacing_a_set_by_itself_is_no_change() -> None:
    """Also when removals have left it at a level that is much too high."""
    store = MemoryStore()
    await _store(store, "g", _set(8001))
    await store.write(await chunks.update(store, "members", "g", {}, list(_set(7990, 11))))
    assert await chunks.replace(store, "members", "g", _set(11)) == []


async def test_an_empty_set_is_not_one_that_was_never_stored() -> None:
    store = MemoryStore()
    assert await chunks.header(store, "members", "g") is None
    assert await chunks.update(store, "members", "g", {}, ["a"]) == []
    await _store(store, "g", {})
    header = await chunks.header(store, "members", "g")
    assert header is not None
    assert header.size == 0
    assert header.digest == chunks.digest({})
    assert await chunks.read(store, "members", "g") == {}


async def test_a_set_that_changes_while_it_is_read_is_read_again() -> None:
    store = _Changing()
    await _store(store, "g", _set(900))
    store.then = await chunks.update(store, "members", "g", _set(900, 900), ())
    assert await chunks.read(store, "members", "g") == _set(1800)


class _Changing(MemoryStore):
    """Writes ``then`` between the next header and its chunks."""

    then: Sequence[Row] = ()

    async def get_many(self, table: str, keys: Sequence[str]) -> Mapping[str, bytes]:
        rows, self.then = self.then, ()
        await self.write(rows)
        return await super().get_many(table, keys)


@given(_SETS, _SETS)
def test_a_digest_tells_sets_apart_and_not_their_order(
    one: dict[str, str], other: dict[str, str]
) -> None:
    assert chunks.digest(dict(reversed(one.items()))) == chunks.digest(one)
    assert (chunks.digest(one) == chunks.digest(other)) == (one == other)


def test_a_digest_tells_element_and_value_apart() -> None:
    assert chunks.digest({"ab": "c"}) != chunks.digest({"a": "bc"})
    assert chunks.digest({"a": "1", "b": "2"}) != chunks.digest({"a": "2", "b": "1"})
