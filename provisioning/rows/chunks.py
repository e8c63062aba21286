"""Large sets of strings, each with a small value, in chunks of about a thousand elements.

An element lies in the chunk ``crc32(element) & (2**level - 1)``. The level grows with the set, so
that a change of a few elements rewrites a few chunks, however large the set is. A header row
holds level, sizes and digests. The rows of one change are meant for one write, together with
whatever else belongs to it. Whoever changes a set must not do so twice at the same time.

A chunk takes a few milliseconds; a set of a hundred thousand has more than a hundred of them, so
the other tasks of the loop have their turn after each.

A set under ``key`` has its header at ``key/head`` and its chunks at ``key/LL.BBBBBB`` (level in
decimal, number in hexadecimal).
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import AsyncIterator, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

import msgspec

from provisioning.errors import StateDamaged, cut
from provisioning.ports import Row, Store
from provisioning.rows.turns import by_turns

_CHUNK = 1000
_DIGEST = 8
_HIGHEST = 24
"""The level of a set of sixteen thousand million elements."""

_ATTEMPTS = 3


class Header(msgspec.Struct, frozen=True, array_like=True):
    """What is known of a set without reading it: size and digest of each chunk, by number."""

    level: int
    sizes: tuple[int, ...]
    digests: tuple[bytes, ...]

    @property
    def numbers(self) -> Iterable[int]:
        """The numbers of the chunks."""
        return range(len(self.sizes))

    @property
    def size(self) -> int:
        """How many elements the set has."""
        return sum(self.sizes)

    @property
    def digest(self) -> bytes:
        """The ``digest`` of the set, whatever its level."""
        return _combined(self.digests)


Chunk = dict[str, str]
"""Values by element; the value is empty for an element without one."""

_chunk = msgspec.msgpack.Decoder(Chunk)
_header = msgspec.msgpack.Decoder(Header)
_UNREADABLE = (msgspec.MsgspecError, UnicodeError, RecursionError)
_encode = msgspec.msgpack.Encoder(order="deterministic").encode


@dataclass(frozen=True, slots=True)
class ChunkedSet:
    """A stored set, as far as it was read. ``header`` is ``None`` when it was never stored.

    ``chunks`` holds the chunks read, by number, those without a row as empty ones.
    """

    table: str
    key: str
    header: Header | None
    chunks: Mapping[int, Chunk]

    @property
    def elements(self) -> Chunk:
        """What was read, chunk by chunk, each in order."""
        return _merged(self.chunks.values())


def digest(elements: Mapping[str, str]) -> bytes:
    """A digest of elements and values that does not depend on their order (8 bytes).

    The exclusive or of the BLAKE2b digests of the elements: equal sets have equal digests.
    """
    return _combined(
        hashlib.blake2b(f"{len(key)}:{key}{value}".encode(), digest_size=_DIGEST).digest()
        for key, value in elements.items()
    )


def in_order(elements: Collection[str]) -> Iterator[str]:
    """The elements of a set as they lie in its chunks, so that changes of neighbours go to the same
    chunk. Those of a small set are in order.
    """
    level = _level(len(elements))
    parts: list[list[str]] = [[] for _ in range(1 << level)]
    for element in elements:
        parts[_number(element, level)].append(element)
    for part in parts:
        yield from sorted(part)


async def rows_for_replace(current: ChunkedSet, new: Mapping[str, str]) -> list[Row]:
    """Rows that make the set equal to ``new``; none if it is. ``current`` is read in full."""
    level = _level(len(new))
    present = level if current.header is None else current.header.level
    # A size that goes up and down does not distribute the set anew each time.
    if present == level + 1 or (present > level and current.elements == new):
        level = present
    wanted: dict[int, Chunk] = {number: {} for number in range(1 << level)}
    async for element, value in by_turns(new.items()):
        wanted[_number(element, level)][element] = value
    return await _rows(current, level, wanted)


async def rows_for_update(
    current: ChunkedSet, add: Mapping[str, str], remove: Collection[str]
) -> list[Row]:
    """Rows that take elements out and put others in, which wins if one is in both.

    ``current`` holds the chunks of these elements, as ``load`` reads them. A set that outgrows
    its level is distributed anew if ``current`` was read in full.
    """
    level = 0 if current.header is None else current.header.level
    changed = {number: dict(chunk) for number, chunk in current.chunks.items()}
    for element in remove:
        changed[_number(element, level)].pop(element, None)
    for element, value in add.items():
        changed[_number(element, level)][element] = value
    complete = len(changed) == 1 << level
    if complete and _level(sum(map(len, changed.values()))) > level:
        return await rows_for_replace(current, _merged(changed.values()))
    if current.header is None and not any(changed.values()):
        return []
    return await _rows(current, level, changed)


def rows_for_drop(current: ChunkedSet) -> list[Row]:
    """Rows that delete the set; ``current`` needs its header only."""
    if current.header is None:
        return []
    level = current.header.level
    names = [_head(current.key), *(_name(current.key, level, n) for n in range(1 << level))]
    about = _about(current)
    return [Row(current.table, name, None, about=about) for name in names]


async def load(
    store: Store, table: str, key: str, elements: Collection[str] | None = None
) -> ChunkedSet:
    """The set as stored: the chunks of these elements, or all of them.

    The header and the chunks are two reads. Where they contradict each other the set was changed
    in between and is read again. If it stays so, a write ended half-way, which not every storage
    excludes: the chunks are the truth, and the next change of a chunk corrects the header.
    """
    for _ in range(_ATTEMPTS):
        raw = await store.get(table, _head(key))
        if raw is None:
            return ChunkedSet(table, key, None, {0: {}})
        header = _decode_header(raw, table, _head(key))
        numbers = _numbers(elements, header.level) if elements is not None else header.numbers
        chunks = await _chunks(store, table, key, header.level, numbers)
        if all(len(chunk) == header.sizes[number] for number, chunk in chunks.items()):
            break
    return ChunkedSet(table, key, header, chunks)


async def read(store: Store, table: str, key: str) -> Chunk:
    """All elements with their values, in order."""
    elements: Chunk = {}
    async for page in pages(store, table, key):
        elements |= page
    return dict(sorted(elements.items()))


async def pages(store: Store, table: str, key: str) -> AsyncIterator[Chunk]:
    """All elements with their values, a chunk at a time, each in order: as ``in_order``."""
    current = await load(store, table, key)
    async for _, chunk in by_turns(current.chunks.items(), 1):
        yield _merged((chunk,))


async def contains(store: Store, table: str, key: str, element: str) -> bool:
    """Whether the element is in the set. Reads one chunk."""
    current = await load(store, table, key, (element,))
    return any(element in chunk for chunk in current.chunks.values())


async def header(store: Store, table: str, key: str) -> Header | None:
    """Size and digest of the set, without its elements; ``None`` if it was never stored."""
    return (await load(store, table, key, ())).header


async def update(
    store: Store, table: str, key: str, add: Mapping[str, str], remove: Collection[str]
) -> list[Row]:
    """``rows_for_update`` of the stored set. Reads the chunks that it touches."""
    current = await load(store, table, key, {*add, *remove})
    known = current.header
    if known is not None and _level(known.size + len(add)) > known.level:
        current = await load(store, table, key)
    return await rows_for_update(current, add, remove)


async def replace(store: Store, table: str, key: str, new: Mapping[str, str]) -> list[Row]:
    """``rows_for_replace`` of the stored set. Reads all of it."""
    return await rows_for_replace(await load(store, table, key), new)


async def drop(store: Store, table: str, key: str) -> list[Row]:
    """``rows_for_drop`` of the stored set."""
    return rows_for_drop(await load(store, table, key, ()))


async def _chunks(
    store: Store, table: str, key: str, level: int, numbers: Iterable[int]
) -> dict[int, Chunk]:
    names = {number: _name(key, level, number) for number in numbers}
    rows = await store.get_many(table, list(names.values())) if names else {}
    chunks: dict[int, Chunk] = {}
    async for number, name in by_turns(names.items(), 1):
        chunks[number] = _decode_chunk(rows[name], table, name) if name in rows else {}
    return chunks


def _decode_chunk(raw: bytes, table: str, name: str) -> Chunk:
    """Raises ``StateDamaged``."""
    try:
        return _chunk.decode(raw)
    except _UNREADABLE as error:
        raise _damaged(table, name, error) from error


def _decode_header(raw: bytes, table: str, name: str) -> Header:
    """Raises ``StateDamaged``, also for a header that does not fit itself: lists are made by it."""
    try:
        header = _header.decode(raw)
    except _UNREADABLE as error:
        raise _damaged(table, name, error) from error
    sizes, digests = header.sizes, header.digests
    if (
        not 0 <= header.level <= _HIGHEST
        or not len(sizes) == len(digests) == 1 << header.level
        or min(sizes) < 0
        or {len(each) for each in digests} != {_DIGEST}
    ):
        raise _damaged(table, name, "level, sizes and digests contradict one another")
    return header


def _damaged(table: str, name: str, why: object) -> StateDamaged:
    return StateDamaged(f"the row {cut(name, 100)!r} of {table!r}", why)


async def _rows(current: ChunkedSet, level: int, wanted: Mapping[int, Chunk]) -> list[Row]:
    """Rows for the chunks that differ, then the header, then what only an older level had.

    In this order a write that ends half-way leaves a set that can be read. It may leave chunks of
    a level that is not the header's; hence every chunk of a level that is new is written.
    """
    table, key, before = current.table, current.key, current.header
    same = before is not None and before.level == level
    about = _about(current)
    rows: list[Row] = []
    async for number, chunk in by_turns(wanted.items(), 1):
        if not same or chunk != current.chunks[number]:
            value = _encode(chunk) if chunk else None
            rows.append(Row(table, _name(key, level, number), value, about=about))
    after = await _with_chunks(before if same and before else _empty(level), wanted)
    if after != before:
        rows.append(Row(table, _head(key), _encode(after), about=about))
    return rows if same else [*rows, *rows_for_drop(current)[1:]]


def _about(current: ChunkedSet) -> str:
    """The rows of a set keep their order, whatever is written beside them."""
    return f"{current.table}/{current.key}"


async def _with_chunks(before: Header, wanted: Mapping[int, Chunk]) -> Header:
    sizes, digests = list(before.sizes), list(before.digests)
    async for number, chunk in by_turns(wanted.items(), 1):
        sizes[number], digests[number] = len(chunk), digest(chunk)
    return Header(before.level, tuple(sizes), tuple(digests))


def _empty(level: int) -> Header:
    return Header(level, (0,) * (1 << level), (bytes(_DIGEST),) * (1 << level))


def _combined(digests: Iterable[bytes]) -> bytes:
    total = 0
    for each in digests:
        total ^= int.from_bytes(each)
    return total.to_bytes(_DIGEST)


def _level(size: int) -> int:
    """The least level at which a chunk holds ``_CHUNK`` elements or fewer, on average."""
    return max(0, (size - 1) // _CHUNK).bit_length()


def _number(element: str, level: int) -> int:
    return zlib.crc32(element.encode()) & ((1 << level) - 1)


def _numbers(elements: Iterable[str], level: int) -> set[int]:
    return {_number(element, level) for element in elements}


def _merged(chunks: Iterable[Chunk]) -> Chunk:
    return {element: chunk[element] for chunk in chunks for element in sorted(chunk)}


def _head(key: str) -> str:
    return f"{key}/head"


def _name(key: str, level: int, number: int) -> str:
    return f"{key}/{level:02d}.{number:06x}"
