"""Numbers that many outcomes change are written once with them, and before them."""

from __future__ import annotations

import pytest

from provisioning.errors import StoreUnavailable
from provisioning.ports import Row
from provisioning.rows.buffer import WriteBehind
from tests.state.scripted import Scripted, row


class _Number:
    def __init__(self) -> None:
        self.value = 0

    def rows(self) -> list[Row]:
        return [Row("numbers", "n", b"%d" % self.value)]


async def test_a_number_is_written_once_as_it_is_then_and_first(
    base: Scripted, store: WriteBehind
) -> None:
    number = _Number()
    for n in range(3):
        number.value += 1
        store.defer_counter(number.rows)
        store.defer([row(n)], about=f"{n}")
    await store.flush()
    assert [[written.key for written in write] for write in base.writes] == [
        ["n", "0000", "0001", "0002"]
    ]
    assert base.writes[0][0] == Row("numbers", "n", b"3"), "about nothing: before all others"
    await store.write([row(4)])
    assert [written.key for written in base.writes[1]] == ["0004"], "it has not changed since"
    await store.close()


async def test_a_number_alone_is_written_by_a_flush(base: Scripted, store: WriteBehind) -> None:
    number = _Number()
    store.defer_counter(number.rows)
    await store.flush()
    assert base.writes == [number.rows()]
    await store.close()


async def test_a_write_that_fails_writes_the_number_as_it_is_when_it_succeeds(
    base: Scripted, store: WriteBehind
) -> None:
    base.fail = 1
    number = _Number()
    number.value = 1
    store.defer_counter(number.rows)
    with pytest.raises(StoreUnavailable):
        await store.write([row(1)])
    number.value = 2
    store.defer_counter(number.rows)
    await store.write([row(2)])
    assert [written.key for written in base.writes[0]] == ["n", "0001", "0002"]
    assert await store.get("numbers", "n") == b"2"
    await store.close()
