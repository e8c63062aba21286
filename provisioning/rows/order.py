"""The order in which rows must take effect, said to the store.

A storage without transactions may stop half-way through a write. What it is told to keep in
order it keeps; the rest it may write side by side.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from provisioning.ports import Row


def in_steps(*steps: Sequence[Row]) -> list[Row]:
    """The rows of one step after those of the step before; within a step side by side.

    Rows that already belong to something keep their order among themselves.
    """
    ordered: list[Row] = []
    for step in steps:
        apart = [row if row.about else row._replace(about=f"{row.table}/{row.key}") for row in step]
        if ordered and apart:
            # About nothing: after all that was before, and before all that follows.
            apart[0] = apart[0]._replace(about="")
        ordered += apart
    return ordered


def remember_first(rows: Iterable[Row], last: Collection[str] = ()) -> list[Row]:
    """Rows that store something, then those that forget something. Of what is stored, the rows of
    the tables in ``last`` come after the others: they say that those are complete.
    """
    rows = list(rows)
    stored = [row for row in rows if row.value is not None]
    return in_steps(
        [row for row in stored if row.table not in last],
        [row for row in stored if row.table in last],
        [row for row in rows if row.value is None],
    )
