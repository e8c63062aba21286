"""What every store must do, as a Hypothesis state machine against a plain dictionary."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from provisioning.ports import Row, Store
from provisioning.rows.buffer import WriteBehind
from provisioning.rows.cache import CachedStore
from provisioning.rows.overlay import OverlayStore
from provisioning.state.memory import MemoryStore
from provisioning.state.sqlite import SqliteStore
from tests.state import azure_storage
from tests.state.clock import ManualClock

T = TypeVar("T")

Base = Callable[[Path], Store]

BASES: dict[str, Base] = {
    "threaded": lambda path: SqliteStore(path, threaded=True),
    "inline": lambda path: SqliteStore(path, threaded=False),
    "memory": lambda path: MemoryStore(),
    "azure": azure_storage.store_at,
}
LAYERS = ("bare", "overlay", "write_behind", "write_behind_overlay", "write_behind_cached")

# NUL, the neighbours of the surrogates and the last character are where an order goes wrong.
CHARACTERS = "\x00ab/\x7f\u00e9\ud7ff\ue000\U0001f600\U0010ffff"
KEYS = st.text(CHARACTERS, min_size=1, max_size=3)
PREFIXES = st.text(CHARACTERS, max_size=2)
# Of each kind of layout that the Azure store has: one partition, several, newest first.
TABLE_NAMES = ("links", "mirror_user", "log")
TABLES = st.sampled_from(TABLE_NAMES)
VALUES = st.sampled_from([b"", b"1", b"2", b"\x00\xff"])
ROWS = st.lists(
    st.builds(Row, TABLES, KEYS, st.none() | VALUES, st.none() | VALUES), min_size=1, max_size=8
)

Model = dict[tuple[str, str], bytes]


def apply(model: Model, rows: Sequence[Row]) -> None:
    """What ``Store.write`` means."""
    for row in rows:
        place = (row.table, row.key)
        if row.only_if is not None and model.get(place) != row.only_if:
            continue
        if row.value is None:
            model.pop(place, None)
        else:
            model[place] = row.value


def scanned(
    model: Model, table: str, prefix: str, after: str, limit: int, reverse: bool
) -> list[tuple[str, bytes]]:
    """What ``Store.scan`` means, by the bytes of the keys."""

    def beyond(key: str) -> bool:
        if not after:
            return True
        return key.encode() < after.encode() if reverse else key.encode() > after.encode()

    rows = [
        (key, value)
        for (owner, key), value in model.items()
        if owner == table and key.startswith(prefix) and beyond(key)
    ]
    return sorted(rows, key=lambda row: row[0].encode(), reverse=reverse)[:limit]


async def content(store: Store) -> Model:
    """Everything in the store."""
    return {
        (table, key): value
        for table in TABLE_NAMES
        for key, value in await store.scan(table, limit=1_000_000)
    }


def machine(base: str, layers: str) -> type[RuleBasedStateMachine]:
    """The state machine for one kind of store."""
    return type("Machine", (_Machine,), {"base_kind": base, "layers": layers})


class _Machine(RuleBasedStateMachine):
    base_kind = ""
    layers = ""

    def __init__(self) -> None:
        super().__init__()
        self._folder = tempfile.TemporaryDirectory()
        self._runner = asyncio.Runner()
        self.model: Model = {}
        self._clock = ManualClock()
        self._base = BASES[self.base_kind](Path(self._folder.name, "state.db"))
        first = [Row("links", key, b"1") for key in ("a", "ab", "b", "\ue000")]
        first.append(Row("log", "\U0010ffff", b""))
        self._run(self._base.write(first))
        apply(self.model, first)
        self._before = self._run(content(self._base))
        self._store = self._opened()

    def _opened(self) -> Store:
        self._overlay = OverlayStore(self._base)
        below: Store = self._overlay if self.layers.endswith("overlay") else self._base
        if self.layers.endswith("cached"):
            below = CachedStore(self._base, ("links", "work"))
        if self.layers.startswith("write_behind"):
            return WriteBehind(below, self._clock, outcomes=4)
        return below

    def _run(self, awaitable: Awaitable[T]) -> T:
        async def main() -> T:
            return await awaitable

        return self._runner.run(main())

    @rule(rows=ROWS)
    def write(self, rows: list[Row]) -> None:
        self._run(self._store.write(rows))
        apply(self.model, rows)

    @rule(rows=ROWS, together=st.booleans())
    def defer(self, rows: list[Row], together: bool) -> None:
        """Where the store can: reading at the same time sees the rows too."""
        apply(self.model, rows)
        if not isinstance(self._store, WriteBehind):
            self._run(self._store.write(rows))
            return
        store = self._store

        async def defer() -> None:
            store.defer(rows)
            if together:
                flushed, seen, counted = await asyncio.gather(
                    store.flush(), content(store), store.count("links")
                )
                assert flushed is None
                assert seen == self.model
                assert counted == sum(table == "links" for table, _ in self.model)

        self._run(defer())

    @rule(seconds=st.sampled_from([0.05, 0.2]))
    def pause(self, seconds: float) -> None:
        async def wait() -> None:
            await asyncio.sleep(0)
            self._clock.advance(seconds)
            await asyncio.sleep(0)

        self._run(wait())

    @rule(table=TABLES, keys=st.lists(KEYS, max_size=6))
    def get_many(self, table: str, keys: list[str]) -> None:
        expected = {key: self.model[table, key] for key in keys if (table, key) in self.model}
        assert self._run(self._store.get_many(table, keys)) == expected

    @rule(table=TABLES, key=KEYS)
    def get(self, table: str, key: str) -> None:
        assert self._run(self._store.get(table, key)) == self.model.get((table, key))

    @rule(
        table=TABLES,
        prefix=PREFIXES,
        after=st.just("") | KEYS,
        limit=st.integers(0, 5),
        reverse=st.booleans(),
    )
    def scan(self, table: str, prefix: str, after: str, limit: int, reverse: bool) -> None:
        rows = self._run(self._store.scan(table, prefix, after=after, limit=limit, reverse=reverse))
        assert list(rows) == scanned(self.model, table, prefix, after, limit, reverse)

    @rule(table=TABLES, prefix=PREFIXES)
    def count(self, table: str, prefix: str) -> None:
        expected = sum(t == table and key.startswith(prefix) for t, key in self.model)
        assert self._run(self._store.count(table, prefix)) == expected

    @rule()
    def reopen(self) -> None:
        """What was written is there after closing; what an overlay held is not."""
        self._run(self._close())
        self._base = self._again()
        self._store = self._opened()
        if self.layers.endswith("overlay"):
            self.model = dict(self._before)

    async def _close(self) -> None:
        await self._store.close()
        await self._base.close()

    def _again(self) -> Store:
        if self.base_kind == "memory":
            return self._base
        return BASES[self.base_kind](Path(self._folder.name, "state.db"))

    @invariant()
    def same(self) -> None:
        assert self._run(content(self._store)) == self.model

    def teardown(self) -> None:
        try:
            expected: Any = self._before if self.layers.endswith("overlay") else self.model
            self._run(self._close())
            self._base = self._again()
            assert self._run(content(self._base)) == expected
            self._run(self._base.close())
        finally:
            self._runner.close()
            self._folder.cleanup()
