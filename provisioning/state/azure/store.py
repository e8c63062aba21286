"""The state store in Azure Table Storage."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TypeVar

from provisioning.errors import StoreUnavailable
from provisioning.ports import Row
from provisioning.rows.key_range import KeyRange, check_keys
from provisioning.state.azure.reading import Reader
from provisioning.state.azure.schema import prepare
from provisioning.state.azure.table import TableMissing
from provisioning.state.azure.tables import Tables
from provisioning.state.azure.versions import Versions
from provisioning.state.azure.writing import Writer
from provisioning.storage.account import StorageAccount
from provisioning.storage.retries import Retries

T = TypeVar("T")

_RETRIES = Retries()


class AzureStore:
    """``ports.Store`` in tables of a storage account, opened by the first call.

    Without a transaction over several partitions: of a write that was interrupted, for each thing
    the rows before some point took effect, and all of it does when it is written again. Raises
    ``StoreUnavailable`` for what passes, and ``ConfigurationError`` for an account that refuses
    the program. It belongs to the event loop of its first call. A call that is cancelled may still
    take effect. What is read does not depend on ``now``, only how many requests find it.
    """

    def __init__(
        self,
        account: StorageAccount,
        *,
        table: str = "provisioning",
        retries: Retries = _RETRIES,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._tables = Tables(account, table, retries)
        versions = Versions()
        self._reader = Reader(self._tables, versions, now)
        self._writer = Writer(self._tables, self._reader, versions)
        self._opening = asyncio.Lock()
        self._opened = False

    async def get(self, table: str, key: str) -> bytes | None:
        """The value of a row, if it exists."""
        return await self._run(lambda: self._reader.get(table, key))

    async def get_many(self, table: str, keys: Sequence[str]) -> Mapping[str, bytes]:
        """The rows that exist, by key."""
        return await self._run(lambda: self._reader.get_many(table, keys))

    async def scan(
        self,
        table: str,
        prefix: str = "",
        *,
        after: str = "",
        limit: int = 1000,
        reverse: bool = False,
    ) -> Sequence[tuple[str, bytes]]:
        """Rows with the prefix beyond ``after``, in key order.

        The slow direction is that against the order of the table: backwards, or forwards in the
        tables that are stored newest first (``partitions.LAYOUTS``).
        """
        keys = KeyRange.of(prefix, after, reverse=reverse)
        return await self._run(lambda: self._reader.scan(table, keys, limit, reverse=reverse))

    async def count(self, table: str, prefix: str = "") -> int:
        """How many rows have the prefix. Reads all their keys."""
        return await self._run(lambda: self._reader.count(table, KeyRange.of(prefix)))

    async def write(self, rows: Sequence[Row]) -> None:
        """Writes rows in the order that ``ports.Row.about`` says, in as few requests as it allows.

        Raises ``ValueError`` for an empty key, or a value of more than 704 KiB.
        """
        check_keys(rows)
        if rows:
            await self._run(lambda: self._writer.write(rows))

    async def close(self) -> None:
        """Closes the connections. Later calls raise."""
        await self._tables.close()

    async def _run(self, work: Callable[[], Awaitable[T]]) -> T:
        try:
            if not self._opened:
                async with self._opening:
                    if not self._opened:
                        await prepare(self._tables)
                        self._opened = True
            return await work()
        except TableMissing as error:
            # Made anew without a word, it would look like a tenant in which nothing was done.
            raise StoreUnavailable(
                f"The table {error} was deleted while the program was using it.",
                remedy="Start the program again: it makes the table, and an initial cycle finds "
                "the accounts in ZSCloud again.",
            ) from error
