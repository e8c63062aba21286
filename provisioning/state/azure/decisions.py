"""What one operation sends, by what is known of the stored entity. Pure."""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple

from provisioning.ports import Row
from provisioning.state.azure.batches import Operation
from provisioning.state.azure.entities import Send, digest, entity_of
from provisioning.state.azure.partitions import Place, place_of
from provisioning.state.azure.versions import Version


class Verdict(Enum):
    """What to do instead of sending something."""

    NOTHING = "nothing"
    """The stored row is to stay as it is."""
    LOOK = "look"
    """The entity has to be read first."""


class Pending(NamedTuple):
    """An operation as far as its own rows decide it.

    ``conditions`` are left when none of its rows is unconditional: what they do depends on the
    stored value. Otherwise ``value`` is what the row becomes, ``None`` for none.
    """

    place: Place
    table: str
    key: str
    value: bytes | None
    conditions: tuple[Row, ...] = ()

    @staticmethod
    def of(operation: Operation) -> Pending:
        """The rows of one key, taken together."""
        rows = operation.rows
        table, key = rows[0].table, rows[0].key
        first = max((n for n, row in enumerate(rows) if row.only_if is None), default=None)
        if first is None:
            return Pending(place_of(table, key), table, key, None, rows)
        value = rows[first].value
        for row in rows[first + 1 :]:
            if row.only_if == value:
                value = row.value
        return Pending(place_of(table, key), table, key, value)

    @property
    def is_put(self) -> bool:
        """Whether it writes the row whatever is stored."""
        return not self.conditions and self.value is not None

    @property
    def is_delete(self) -> bool:
        """Whether it deletes the row whatever is stored."""
        return not self.conditions and self.value is None

    def decide(self, version: Version | None, *, looked: bool, often_gone: bool) -> Send | Verdict:
        """What to send. ``version`` is what is remembered; true now only if ``looked``.

        A delete fails the transaction when there is no entity; it is tried without looking where
        there usually is one (not ``often_gone``).
        """
        if self.is_put:
            return self._send(self.value)
        if self.is_delete:
            if version is not None or not (looked or often_gone):
                return Send(self.place, None)
            return Verdict.NOTHING if looked else Verdict.LOOK
        return self._decide_conditions(version, looked=looked)

    def _decide_conditions(self, version: Version | None, *, looked: bool) -> Send | Verdict:
        stored = None if version is None else version.digest
        now, value = stored, None
        for row in self.conditions:
            assert row.only_if is not None
            if now == digest(row.only_if):
                value = row.value
                now = None if value is None else digest(value)
        if version is None or now == stored:
            # From memory only: another value may be stored by now, for which a condition holds.
            return Verdict.NOTHING if looked else Verdict.LOOK
        return self._send(value, version.etag)

    def _send(self, value: bytes | None, etag: str | None = None) -> Send:
        entity = None if value is None else entity_of(self.place, self.key, value)
        return Send(self.place, entity, etag)
