"""The embedded state store: one SQLite file, shared by the processes of one machine.

A write is one transaction, or several if it is large, on the disk when it returns (WAL,
synchronous FULL). The file holds personal data: only its owner may read it. It must not lie on a
network file system (SQLite: Write-Ahead Logging, section 2).
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
import time as wall
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from itertools import groupby, islice
from operator import itemgetter
from pathlib import Path
from typing import TypeVar

from provisioning.errors import StoreUnavailable
from provisioning.ports import LeaseState, Row
from provisioning.rows.key_range import KeyRange, check_keys
from provisioning.state import leases
from provisioning.state.sqlite.errors import translating
from provisioning.state.sqlite.schema import migrate, refusal

T = TypeVar("T")

_KEYS_AT_ONCE = 500
_ROWS_AT_ONCE = 1000
_BYTES_AT_ONCE = 4 * 1024 * 1024
"""Of one transaction: whoever renews a lease meanwhile waits for no more than that."""

_BUSY_SECONDS = 5.0
_ABOVE_ALL_TEXT = b""
"""SQLite orders every blob above every text (SQLite: Datatypes, section 4.1)."""

_SCAN = "SELECT key, value FROM rows WHERE tbl = ? AND key >= ? AND key < ? ORDER BY key LIMIT ?"
_SCAN_BACK = _SCAN.replace("ORDER BY key", "ORDER BY key DESC")
_COUNT = "SELECT count(*) FROM rows WHERE tbl = ? AND key >= ? AND key < ?"
_PUT = (
    "INSERT INTO rows VALUES (?, ?, ?) ON CONFLICT (tbl, key) DO UPDATE SET value = excluded.value"
)
_PUT_IF = "UPDATE rows SET value = ? WHERE tbl = ? AND key = ? AND value = ?"
_DROP = "DELETE FROM rows WHERE tbl = ? AND key = ?"
_DROP_IF = "DELETE FROM rows WHERE tbl = ? AND key = ? AND value = ?"
_LEASE = "SELECT holder, until, payload FROM lease WHERE name = ?"
_PUT_LEASE = "INSERT OR REPLACE INTO lease VALUES (?, ?, ?, ?)"


class SqliteStore:
    """``ports.Store`` and ``ports.LeasePort`` in one file, opened by the first call.

    ``threaded``: all SQL runs on one thread of its own; otherwise on the caller's, and no call
    suspends. ``time`` is epoch seconds, for leases. ``busy_seconds``: how long a call waits for
    another process. Raises ``StoreUnavailable`` for what passes, and ``ConfigurationError`` for a
    file that will not do. A call that is cancelled may still take effect.
    """

    def __init__(
        self,
        path: str | Path,
        *,
        threaded: bool = True,
        time: Callable[[], float] = wall.time,
        busy_seconds: float = _BUSY_SECONDS,
    ) -> None:
        self.path = Path(path)
        self._time = time
        self._busy_seconds = busy_seconds
        self._connection: sqlite3.Connection | None = None
        self._thread = ThreadPoolExecutor(1, "state-store") if threaded else None
        self._closed = False

    async def get(self, table: str, key: str) -> bytes | None:
        """The value of a row, if it exists."""
        return (await self.get_many(table, (key,))).get(key)

    async def get_many(self, table: str, keys: Sequence[str]) -> Mapping[str, bytes]:
        """The rows that exist, by key."""
        return await self._run(lambda connection: _select(connection, table, keys))

    async def scan(
        self,
        table: str,
        prefix: str = "",
        *,
        after: str = "",
        limit: int = 1000,
        reverse: bool = False,
    ) -> Sequence[tuple[str, bytes]]:
        """Rows with the prefix beyond ``after``, in key order."""
        keys = KeyRange.of(prefix, after, reverse=reverse)
        sql, bounds = _SCAN_BACK if reverse else _SCAN, (table, *_bounds(keys), max(limit, 0))
        return await self._run(lambda connection: connection.execute(sql, bounds).fetchall())

    async def count(self, table: str, prefix: str = "") -> int:
        """How many rows have the prefix."""
        bounds = (table, *_bounds(KeyRange.of(prefix)))
        row = await self._run(lambda connection: connection.execute(_COUNT, bounds).fetchone())
        return int(row[0])

    async def write(self, rows: Sequence[Row]) -> None:
        """Writes rows in their order. On the disk when it returns. Up to ``_ROWS_AT_ONCE`` rows
        are written all or none; of more, those before some point of them.
        """
        check_keys(rows)
        for part in _parts(rows):
            await self._run(partial(_write, rows=part))

    async def acquire(self, name: str, holder: str, seconds: float) -> LeaseState | None:
        """The lease, with what its last holder left; ``None`` while another holds it."""
        return await self._change_lease(
            name, lambda state: leases.acquired(state, holder, self._time(), seconds)
        )

    async def renew(self, name: str, holder: str, seconds: float) -> bool:
        """Prolongs the lease. False when it is no longer the holder's."""
        state = await self._change_lease(
            name, lambda state: leases.renewed(state, holder, self._time(), seconds)
        )
        return state is not None

    async def release(self, name: str, holder: str, payload: bytes) -> None:
        """Lets go of the lease, if it is still the holder's, and leaves the payload with it."""
        await self._change_lease(name, lambda state: leases.released(state, holder, payload))

    async def read(self, name: str) -> LeaseState | None:
        """The lease as stored; ``None`` if nobody ever held it."""
        return await self._run(lambda connection: _lease(connection, name))

    async def close(self) -> None:
        """Closes the file. Calls that run already end before; later ones raise."""
        if self._closed:
            return
        self._closed = True
        if self._thread is None:
            self._disconnect()
            return
        await asyncio.wrap_future(self._thread.submit(self._disconnect))
        self._thread.shutdown(wait=False)

    async def _change_lease(
        self, name: str, change: Callable[[LeaseState | None], LeaseState | None]
    ) -> LeaseState | None:
        """Reads and writes a lease in one transaction. ``None`` from ``change`` writes nothing."""

        def compare_and_set(connection: sqlite3.Connection) -> LeaseState | None:
            with _transaction(connection):
                state = change(_lease(connection, name))
                if state is not None:
                    connection.execute(_PUT_LEASE, (name, state.holder, state.until, state.payload))
                return state

        return await self._run(compare_and_set)

    async def _run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        if self._closed:
            raise StoreUnavailable(f"The state store {self.path} was closed.")
        if self._thread is None:
            return self._connected(work)
        return await asyncio.wrap_future(self._thread.submit(self._connected, work))

    def _connected(self, work: Callable[[sqlite3.Connection], T]) -> T:
        with translating(self.path):
            if self._connection is None:
                self._connection = self._open()
            return work(self._connection)

    def _open(self) -> sqlite3.Connection:
        return _open(self.path, self._busy_seconds)

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _open(path: Path, busy_seconds: float) -> sqlite3.Connection:
    """Opens or creates the database, at the newest schema version."""
    _create_private(path)
    # Calls never overlap, but those of a store without a thread may come from several.
    connection = sqlite3.connect(
        path, timeout=busy_seconds, isolation_level=None, check_same_thread=False
    )
    try:
        _use_wal(connection, path, busy_seconds)
        connection.execute("PRAGMA synchronous = FULL")
        with _transaction(connection):
            migrate(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def _create_private(path: Path) -> None:
    """Makes the folder and the file for their owner only. SQLite's other files follow the file.

    An existing file is not touched: closing it again would drop the locks of this process.
    """
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    except FileExistsError:
        if not path.parent.is_dir():
            raise refusal(
                f"{path.parent} is not a folder.", "Name a file in a folder that can be created."
            ) from None
    except OSError as error:
        raise refusal(
            f"{path} cannot be created ({error.strerror}).",
            "Name a file in a folder that this user may write to.",
        ) from error


def _use_wal(connection: sqlite3.Connection, path: Path, busy_seconds: float) -> None:
    """Switches to write-ahead logging, which the file remembers.

    SQLite does not wait for other processes here, and two that create the file meet.
    """
    give_up = wall.monotonic() + busy_seconds
    while True:
        try:
            (mode,) = connection.execute("PRAGMA journal_mode = WAL").fetchone()
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or wall.monotonic() >= give_up:
                raise
            wall.sleep(0.01)
        else:
            break
    if mode != "wal":
        raise refusal(
            f"{path} lies on a file system without the locks that SQLite needs.",
            "Name a file on a local disk.",
        )


@contextmanager
def _transaction(connection: sqlite3.Connection) -> Iterator[None]:
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        connection.rollback()
        raise


def _write(connection: sqlite3.Connection, rows: Sequence[Row]) -> None:
    with _transaction(connection):
        for sql, alike in groupby(map(_statement, _deciding(rows)), itemgetter(0)):
            connection.executemany(sql, [arguments for _, arguments in alike])


def _deciding(rows: Sequence[Row]) -> list[Row]:
    """The rows that decide what a transaction leaves, as the table is ordered: of each key the last
    one without a condition, and what follows it. Counters are written with each outcome.
    """
    decided: set[tuple[str, str]] = set()
    deciding: list[Row] = []
    for row in reversed(rows):
        place = (row.table, row.key)
        if place not in decided:
            deciding.append(row)
            if row.only_if is None:
                decided.add(place)
    deciding.reverse()
    deciding.sort(key=itemgetter(0, 1))
    return deciding


def _parts(rows: Sequence[Row]) -> Iterator[Sequence[Row]]:
    """The rows of one transaction each. The caller may change its list meanwhile."""
    part: list[Row] = []
    size = 0
    for row in tuple(rows):
        part.append(row)
        size += len(row.value or b"")
        if len(part) == _ROWS_AT_ONCE or size >= _BYTES_AT_ONCE:
            yield part
            part, size = [], 0
    if part:
        yield part


def _bounds(keys: KeyRange) -> tuple[str, str | bytes]:
    return keys.low, _ABOVE_ALL_TEXT if keys.high is None else keys.high


def _select(connection: sqlite3.Connection, table: str, keys: Sequence[str]) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    rest = iter(keys)
    while batch := tuple(islice(rest, _KEYS_AT_ONCE)):
        marks = ",".join("?" * len(batch))
        sql = f"SELECT key, value FROM rows WHERE tbl = ? AND key IN ({marks})"  # noqa: S608
        found.update(connection.execute(sql, (table, *batch)))
    return found


def _statement(row: Row) -> tuple[str, tuple[str | bytes, ...]]:
    if row.value is None:
        if row.only_if is None:
            return _DROP, (row.table, row.key)
        return _DROP_IF, (row.table, row.key, row.only_if)
    if row.only_if is None:
        return _PUT, (row.table, row.key, row.value)
    return _PUT_IF, (row.value, row.table, row.key, row.only_if)


def _lease(connection: sqlite3.Connection, name: str) -> LeaseState | None:
    row = connection.execute(_LEASE, (name,)).fetchone()
    return None if row is None else LeaseState(*row)
