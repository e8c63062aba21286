"""The audit log: which person did what, and how we know who it was."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from provisioning.errors import cut
from provisioning.ports import Row, Store
from provisioning.rows.table import Table

_NAME = 200


class Known(StrEnum):
    """How an operator is known."""

    SIGNED_IN = "signed_in"
    """The platform has signed the person in."""
    CLAIMED = "claimed"
    """The caller says so, and had a function key or a shell on the machine."""
    UNNAMED = "unnamed"
    """Whoever has a function key; a Python function cannot see which."""


class Operator(msgspec.Struct, frozen=True):
    """Who asks for something."""

    name: str = "somebody with a function key"
    known: Known = Known.UNNAMED

    @staticmethod
    def claimed(name: str) -> Operator:
        """Who somebody says to be: cut, on one line."""
        return Operator(cut(name, _NAME), Known.CLAIMED)

    @staticmethod
    def signed_in(name: str) -> Operator:
        """Whom the platform has signed in."""
        return Operator(cut(name, _NAME), Known.SIGNED_IN)

    def __str__(self) -> str:
        return self.name if self.known is Known.SIGNED_IN else f"{self.name} ({self.known.value})"


class AuditEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One act. ``at`` is epoch seconds; ``subject`` what it was done to."""

    at: float
    operator: Operator
    operation: str
    subject: str
    detail: str = ""


class AuditLog:
    """The stored audit log of one job. Whoever carries out a call writes to it."""

    def __init__(self, store: Store, job: str) -> None:
        self._entries = Table(store, job, "audit", AuditEntry)

    def row(self, entry: AuditEntry, id: str) -> Row:
        """The row of an entry. ``id`` differs for each."""
        return self._entries.put(f"{entry.at:017.6f}/{id}", entry)

    async def page(
        self, limit: int, after: str = ""
    ) -> tuple[list[tuple[str, AuditEntry]], str | None]:
        """Entries with their keys, newest first, and where the next page begins."""
        rows = await self._entries.page(after=after, limit=limit, reverse=True)
        return rows, rows[-1][0] if len(rows) == limit else None

    async def forget_before(self, time: float, limit: int = 1000) -> list[Row]:
        """Rows that drop entries older than ``time``, a limited number at once."""
        rows = await self._entries.page(limit=limit)
        return [self._entries.drop(key) for key, entry in rows if entry.at < time]
