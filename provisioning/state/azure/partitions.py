"""Which part of a key becomes the partition, table by table, and with it the place of a row.

A partition is what Azure moves as a whole, writes in one transaction, and serves at about 2,000
rows a second (Azure: Scalability and performance targets for Table storage). So rows that come by
the hundred thousand are spread, by the first hexadecimal digit of an object id or by the first
letter of a name. Rows that come one by one, with each outcome, share a partition: spread, they
would only make more requests of one group of outcomes.

The leading part ends with a fixed number of characters after a fixed number of slashes; a key
that is shorter is its own leading part. No leading part begins another, hence the order of
(leading part, key) is the order of the keys, and a range of keys is a range of entities. Pure.
"""

from __future__ import annotations

from typing import NamedTuple

from provisioning.state.azure import keys
from provisioning.state.azure.keys import LAST, LONGEST, PART

_LONGEST_PART = 200
_LONGEST_TABLE = 250


class Layout(NamedTuple):
    """The leading part of a key: all up to the n-th slash, and so many characters more.

    ``newest_first``: the table is read from its end, so it is stored with its order turned round.
    ``by_time``: the leading part is a slice of time, as ``slice_at`` counts them. ``beside``: it is
    in a table of Azure of its own, whose name ends so (ADR 7).
    """

    slashes: int = 0
    more: int = 0
    newest_first: bool = False
    by_time: bool = False
    beside: str = ""

    def leading(self, key: str) -> str | None:
        """The leading part; ``None`` for a key that does not have it whole."""
        end = 0
        for _ in range(self.slashes):
            end = key.find("/", end) + 1
            if not end:
                return None
        end += self.more
        return key[:end] if end <= len(key) else None


ONE = Layout()
"""All rows in one partition: tables that stay small, or grow by a few rows a second."""

_BY_ID = Layout(more=1)
_BY_TYPE_AND_START = Layout(slashes=1, more=1)
_BY_SET = Layout(slashes=1)
_BY_SLICE = Layout(more=5, newest_first=True, by_time=True)
_SLICE = 100_000
"""Seconds: keys begin with ten digits of them, and a slice with five."""

LAYOUTS = {
    # Written in bulk by the reads of Graph and of ZSCloud, a row for each user.
    "mirror_user": _BY_ID,  # object id
    "touched": _BY_TYPE_AND_START,  # user/object id
    "listing_name": _BY_TYPE_AND_START,  # user/name
    "listing_external_id": _BY_TYPE_AND_START,  # user/object id
    "listing_value": Layout(slashes=2, more=1),  # user/path/value
    "link": _BY_TYPE_AND_START,  # user/object id
    "link_name": _BY_TYPE_AND_START,  # user/name
    "link_scim_id": _BY_ID,  # ZSCloud's id
    "work": Layout(slashes=2, more=1),  # lane and rank/user/object id
    # One set is read and changed as a whole: header and chunks in one transaction.
    "mirror_members": _BY_SET,
    "mirror_assignments": _BY_SET,
    "deleted_user": _BY_SET,
    "link_members": _BY_SET,
    "cycle_changes": _BY_SET,  # cycle/number
    # By time, in slices of 100,000 seconds: what is new is together, what is old is left alone.
    "log": _BY_SLICE._replace(beside="log"),
    "log_attention": _BY_SLICE._replace(beside="logattention"),
    "log_principal": Layout(newest_first=True, beside="logprincipal"),
    "cycle": Layout(newest_first=True),
}


def layout_of(table: str) -> Layout:
    """The layout of a table, by its name after the job."""
    return LAYOUTS.get(table.rpartition(":")[2], ONE)


_COLON = keys.encoded(":")
"""What parts the job from the name of a table; nothing else is encoded so."""

BESIDE = tuple(layout.beside for layout in LAYOUTS.values() if layout.beside)
"""How the names of the tables of Azure end that are beside the table of the state."""


def beside_of(partition: str) -> str:
    """How the name of the table of Azure ends that a PartitionKey, or a bound of some, is of."""
    layout = LAYOUTS.get(partition.partition(PART)[0].rpartition(_COLON)[2])
    return "" if layout is None else layout.beside


def slice_at(time: float) -> str:
    """The slice of a time in epoch seconds: what all keys of its rows begin with."""
    return f"{int(time) // _SLICE:05d}"


class Place(NamedTuple):
    """PartitionKey and RowKey of one entity."""

    partition: str
    row: str

    @property
    def is_cut(self) -> bool:
        """Whether the row's key is too long for Azure, so that the entity holds it apart."""
        return PART in self.row


def place_of(table: str, key: str) -> Place:
    """Where a row is stored. Raises ``ValueError`` for a table with too long a name."""
    layout = layout_of(table)
    return Place(partition_of(table, leading_or_all(layout, key)), _row(key, layout))


def key_at(row: str) -> str:
    """The key of an entity that is not cut, by its RowKey."""
    return keys.decoded(keys.mirrored(row[:-1]) if row.endswith(LAST) else row)


def leading_or_all(layout: Layout, key: str) -> str:
    """What the partition of a key is named after."""
    leading = layout.leading(key)
    return key if leading is None else leading


def partition_of(table: str, leading: str) -> str:
    """The PartitionKey of a leading part."""
    part = keys.encoded(leading)[:_LONGEST_PART]
    if layout_of(table).newest_first:
        part = keys.mirrored(part) + LAST
    return partitions_of(table) + part


def is_shortened(leading: str) -> bool:
    """Whether other leading parts share its partition: of a long one only so much is taken."""
    return len(keys.encoded(leading)) > _LONGEST_PART


def partitions_of(table: str) -> str:
    """What the PartitionKeys of a table begin with."""
    name = keys.encoded(table)
    if len(name) > _LONGEST_TABLE:
        raise ValueError(f"The table {table[:40]}... has too long a name for Azure.")
    return name + PART


def row_bound(key: str, *, newest_first: bool) -> str:
    """The RowKey of a key as the bound of a range.

    Of a key that is cut it is what all that begin like it begin with.
    """
    text = keys.encoded(key)
    if len(text) > LONGEST:
        stem = text[:LONGEST]
        return keys.mirrored(stem) if newest_first else stem
    return keys.mirrored(text) + LAST if newest_first else text


def stem_of(row: str) -> str:
    """What the RowKeys of all keys that are cut at the same place begin with."""
    return row[: row.index(PART)]


def _row(key: str, layout: Layout) -> str:
    text = keys.encoded(key)
    if len(text) > LONGEST:
        stem = text[:LONGEST]
        text = keys.mirrored(stem) if layout.newest_first else stem
        return f"{text}{PART}{keys.digest(key)}"
    return keys.mirrored(text) + LAST if layout.newest_first else text
