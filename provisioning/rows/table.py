"""Typed rows of one job in the store. Every stored row is keyed by job."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable
from functools import cache
from typing import Any, Generic, TypeVar

import msgspec

from provisioning.errors import StateDamaged, cut
from provisioning.ports import Row, Store

T = TypeVar("T")

_PAGE = 1000
_DECODED = 2000
_ENCODE = msgspec.json.Encoder().encode
_UNREADABLE = (msgspec.MsgspecError, UnicodeError, RecursionError)


@cache
def _decoder(type: Any) -> Callable[[bytes], Any]:
    """The decoder of a type. To make one costs more than to use it, and every poll makes a job."""
    return msgspec.json.Decoder(type).decode


class Table(Generic[T]):
    """Rows of one type under one name. ``put`` and ``drop`` make rows; the caller writes them,
    so that rows of several tables can be written together. All that read raise ``StateDamaged``
    for a row that cannot be read.

    ``keep``: single rows are read several times in a row, and what they were decoded to is kept
    for that. Only for a type whose values nobody changes.
    """

    def __init__(
        self, store: Store, job: str, name: str, type: type[T], *, keep: bool = False
    ) -> None:
        self.store = store
        self.name = f"{job}:{name}"
        kind: Any = type
        self._decode: Callable[[bytes], T] = _decoder(kind)
        self._encode = _ENCODE
        self._decoded: dict[str, tuple[bytes, T]] | None = {} if keep else None

    def put(self, key: str, value: T) -> Row:
        """The row that stores the value under the key."""
        return Row(self.name, key, self._encode(value))

    def drop(self, key: str) -> Row:
        """The row that deletes the key."""
        return Row(self.name, key, None)

    def drop_if(self, key: str, value: T) -> Row:
        """The row that deletes the key, unless it was written anew since ``value`` was read."""
        return Row(self.name, key, None, only_if=self._encode(value))

    async def get(self, key: str) -> T | None:
        """The stored value, if there is one."""
        raw = await self.store.get(self.name, key)
        return None if raw is None else self._value(key, raw)

    async def get_many(self, keys: Iterable[str]) -> dict[str, T]:
        """The stored values of those keys that exist."""
        wanted = list(keys)
        rows = await self.store.get_many(self.name, wanted) if wanted else {}
        if self._decoded is None:
            return dict(self._values(rows.items()))
        return {key: self._value(key, raw) for key, raw in rows.items()}

    async def page(
        self, prefix: str = "", *, after: str = "", limit: int = _PAGE, reverse: bool = False
    ) -> list[tuple[str, T]]:
        """Some rows in key order."""
        rows = await self.store.scan(self.name, prefix, after=after, limit=limit, reverse=reverse)
        return self._values(rows)

    async def all(self, prefix: str = "") -> AsyncIterator[tuple[str, T]]:
        """All rows in key order, read page by page."""
        after = ""
        more = True
        while more:
            rows = await self.page(prefix, after=after)
            for row in rows:
                yield row
            more = len(rows) == _PAGE
            after = rows[-1][0] if rows else after

    def _value(self, key: str, raw: bytes) -> T:
        """The row, decoded. Raises ``StateDamaged``."""
        decoded = self._decoded
        known = None if decoded is None else decoded.get(key)
        if known is not None and known[0] == raw:
            return known[1]
        try:
            value = self._decode(raw)
        except _UNREADABLE as error:
            raise self._damaged(key, error) from error
        if decoded is not None:
            if len(decoded) >= _DECODED:
                decoded.clear()
            decoded[key] = (raw, value)
        return value

    def _values(self, rows: Iterable[tuple[str, bytes]]) -> list[tuple[str, T]]:
        """The rows, decoded. Raises ``StateDamaged``, naming the one that cannot be."""
        key, decode = "", self._decode
        try:
            return [(key := name, decode(raw)) for name, raw in rows]
        except _UNREADABLE as error:
            raise self._damaged(key, error) from error

    def _damaged(self, key: str, error: Exception) -> StateDamaged:
        return StateDamaged(f"the row {cut(key, 100)!r} of {self.name!r}", error)

    async def count(self, prefix: str = "") -> int:
        """How many rows there are."""
        return await self.store.count(self.name, prefix)
