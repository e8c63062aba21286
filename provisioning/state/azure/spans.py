"""A range of keys as queries of Azure, in the order in which the table stores them.

A query that starts in the middle of a partition names that partition alone, since only then the
service goes straight to the row; what follows in other partitions is a second query. Queries with
``or`` are avoided: the service answers them by reading the whole table (Azure: Design for
querying).

A range that runs over slices of time is asked for in growing steps, newest first, of which the
reader takes as many as it needs. Table Storage gives the first rows of a long range as quickly as
those of a short one; its emulator sorts all that is in the range before. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from provisioning.rows.key_range import KeyRange
from provisioning.state.azure.keys import LAST, LONGEST, encoded
from provisioning.state.azure.partitions import (
    Layout,
    is_shortened,
    layout_of,
    leading_or_all,
    partition_of,
    partitions_of,
    row_bound,
)


class Bound(NamedTuple):
    """One end of a range: ``test`` is OData's ge, gt, le, lt or eq."""

    test: str
    text: str


class Span(NamedTuple):
    """One query: bounds of the PartitionKey and of the RowKey."""

    partitions: tuple[Bound, ...]
    rows: tuple[Bound, ...]

    @property
    def filter(self) -> str:
        """The query in OData. Encoded keys have no quotes that would have to be doubled.

        To the service the order of bounds is nothing. The emulator tests one after another, for
        each entity: most are beyond the upper end, and RowKeys differ in their first characters.
        """
        parts = [f"RowKey {test} '{text}'" for test, text in reversed(self.rows)]
        parts += [f"PartitionKey {test} '{text}'" for test, text in reversed(self.partitions)]
        return " and ".join(parts)


_STEPS = (1, 4, 16)
"""Slices of time that each query has, after that of the start and before all the rest."""


def spans_of(table: str, keys: KeyRange, *, newest: str = "") -> Iterator[Span]:
    """The queries that together give the rows of the range, in stored order.

    ``newest``: the slice of time in which a range without an upper end is taken to start. What is
    newer is found too. Keys that are cut may come from beyond the bounds, and are in order by their
    stems only.
    """
    layout = layout_of(table)
    for step in _steps(layout, keys, newest) if layout.by_time else (keys,):
        if not step.empty:
            yield from _spans(table, layout, step)


def _steps(layout: Layout, keys: KeyRange, newest: str) -> Iterator[KeyRange]:
    """The range in pieces, newest first."""
    high = keys.high
    start = newest if high is None else layout.leading(high) or ""
    if start.isascii() and start.isdecimal():
        # Without an end nothing is gone straight to: the slice of the start is in the first step.
        number = int(start)
        for slices in _STEPS if high is None else (0, *_STEPS):
            number -= slices
            low = f"{number:0{layout.more}d}"
            # Between a shorter stem and its first slice there is nothing to ask for.
            if number < 0 or low <= keys.low.ljust(layout.more, "0"):
                break
            yield KeyRange(low, high)
            high = low
    yield KeyRange(keys.low, high)


def _spans(table: str, layout: Layout, keys: KeyRange) -> Iterator[Span]:
    """One query, or two where the range starts in the middle of a partition."""
    rows = _rows(keys, newest_first=layout.newest_first)
    start = keys.high if layout.newest_first else keys.low
    inside = layout.leading(start or "")
    if inside is not None and _within(keys, inside):
        yield Span((Bound("eq", partition_of(table, inside)),), rows)
    elif inside is None or inside == start:
        yield Span(_partitions(table, layout, keys, None), rows)
    else:
        yield Span((Bound("eq", partition_of(table, inside)),), rows)
        yield Span(_partitions(table, layout, keys, inside), rows)


def _within(keys: KeyRange, leading: str) -> bool:
    """Whether all keys of the range have this leading part."""
    whole = KeyRange.of(leading)
    if keys.low < whole.low:
        return False
    return whole.high is None or (keys.high is not None and keys.high <= whole.high)


def _partitions(
    table: str, layout: Layout, keys: KeyRange, beyond: str | None
) -> tuple[Bound, ...]:
    """Bounds of the PartitionKey; those after the partition of ``beyond``, if it is given."""
    low = Bound("ge", partition_of(table, leading_or_all(layout, keys.low)))
    high = Bound("lt", partitions_of(table) + LAST + LAST)
    if layout.newest_first:
        # Every PartitionKey ends with LAST; the lowest key has the highest of them.
        low, high = Bound("ge", partitions_of(table)), low._replace(test="le")
    if keys.high is not None:
        leading = leading_or_all(layout, keys.high)
        end = partition_of(table, leading)
        reached = leading != keys.high or is_shortened(leading)
        if layout.newest_first:
            low = Bound("ge" if reached else "gt", end)
        else:
            high = Bound("le" if reached else "lt", end)
    if beyond is not None:
        low = Bound("gt", partition_of(table, beyond))
    if (low.test, high.test) == ("ge", "le") and low.text == high.text:
        return (Bound("eq", low.text),)
    return (low, high)


def _rows(keys: KeyRange, *, newest_first: bool) -> tuple[Bound, ...]:
    low = row_bound(keys.low, newest_first=newest_first)
    high = None if keys.high is None else row_bound(keys.high, newest_first=newest_first)
    # A key that is cut is known by its stem: the bound takes in all that share it.
    if newest_first:
        bounds = [Bound("le", low + LAST if _is_cut(keys.low) else low)] if low != LAST else []
        if high is not None:
            bounds.insert(0, Bound("ge" if _is_cut(keys.high) else "gt", high))
        return tuple(bounds)
    bounds = [Bound("ge", low)] if low else []
    if high is not None:
        bounds.append(Bound("lt", high + LAST if _is_cut(keys.high) else high))
    return tuple(bounds)


def _is_cut(key: str | None) -> bool:
    return key is not None and len(encoded(key)) > LONGEST
