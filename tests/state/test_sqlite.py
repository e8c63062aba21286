"""The SQLite file: who may read it, how it is used, and what happens when it is not to be had."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import stat
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from provisioning.errors import ConfigurationError, StoreUnavailable
from provisioning.ports import Row
from provisioning.state.sqlite import SqliteStore
from provisioning.state.sqlite import store as sqlite
from provisioning.state.sqlite.errors import translated

_ROW = Row("links", "a", b"1")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state.db"


def _modes(folder: Path) -> dict[str, int]:
    """The permissions of the folder, under ``.``, and of what is in it."""
    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()}
    return {".": stat.S_IMODE(folder.stat().st_mode), **modes}


async def test_nothing_is_made_before_the_first_call(path: Path) -> None:
    store = SqliteStore(path)
    assert set(_modes(path.parent)) == {"."}
    assert await store.get("links", "a") is None
    assert "state.db" in _modes(path.parent)
    await store.close()


async def test_only_its_owner_may_read_it(tmp_path: Path) -> None:
    """It holds personal data, and so do the files that SQLite puts beside it."""
    path = tmp_path / "new" / "state.db"
    before = os.umask(0)
    try:
        store = SqliteStore(str(path))
        await store.write([_ROW])
        assert _modes(path.parent) == {
            ".": 0o700,
            "state.db": 0o600,
            "state.db-wal": 0o600,
            "state.db-shm": 0o600,
        }
        await store.close()
    finally:
        os.umask(before)


async def test_it_is_durable_and_shared(path: Path) -> None:
    store = SqliteStore(path)
    await store._run(_check_pragmas)
    await store.close()


def _check_pragmas(connection: sqlite3.Connection) -> None:
    full = 2
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert connection.execute("PRAGMA synchronous").fetchone() == (full,)
    assert connection.execute("PRAGMA busy_timeout").fetchone() == (5000,)


@pytest.mark.parametrize("threaded", [True, False])
async def test_its_sql_runs_on_one_thread(path: Path, threaded: bool) -> None:
    store = SqliteStore(path, threaded=threaded)
    calls = (store._run(lambda connection: threading.get_ident()) for _ in range(20))
    threads = set(await asyncio.gather(*calls))
    assert len(threads) == 1
    assert (threads == {threading.get_ident()}) is not threaded
    await store.close()


def test_without_a_thread_no_call_suspends(path: Path) -> None:
    store = SqliteStore(path, threaded=False)
    calls = [
        store.write([_ROW]),
        store.get("links", "a"),
        store.scan("links"),
        store.acquire("tenant", "one", 30.0),
        store.close(),
    ]
    for call in calls:
        with pytest.raises(StopIteration):
            call.send(None)


@pytest.mark.parametrize("threaded", [True, False])
async def test_closing_twice_is_closing(path: Path, threaded: bool) -> None:
    store = SqliteStore(path, threaded=threaded)
    await store.write([_ROW])
    await store.close()
    await store.close()
    assert set(_modes(path.parent)) == {".", "state.db"}
    with pytest.raises(StoreUnavailable, match="was closed"):
        await store.get("links", "a")
    await SqliteStore(path).close()  # One that was never opened.


async def test_a_failed_write_leaves_nothing(path: Path) -> None:
    store = SqliteStore(path)
    with pytest.raises(UnicodeEncodeError):
        await store.write([_ROW, Row("links", "\ud800", b"no character")])
    assert await store.count("links") == 0
    await store.write([_ROW])
    assert await store.count("links") == 1
    await store.close()


async def test_a_lease_is_renewed_in_the_middle_of_a_large_write(path: Path) -> None:
    """One transaction of a hundred thousand rows would outlast the lease on a busy machine."""
    store = SqliteStore(path)
    assert await store.acquire("tenant", "me", 30.0)
    rows = [Row("links", f"{n:05d}", b"1") for n in range(20_000)]
    write = asyncio.create_task(store.write(rows))
    await asyncio.sleep(0)
    assert await store.renew("tenant", "me", 30.0)
    assert not write.done()
    assert await store.count("links") < len(rows)
    await write
    assert await store.count("links") == len(rows)
    await store.close()


async def test_many_keys_are_asked_for_in_statements_that_every_sqlite_takes(path: Path) -> None:
    """Older ones take 999 parameters (SQLite: Limits, section 9)."""
    store = SqliteStore(path)
    await store._run(_limit_parameters)
    await store.write([Row("links", f"{n:04d}", b"1") for n in range(1200)])
    assert len(await store.get_many("links", [f"{n:04d}" for n in range(1200)])) == 1200
    await store.close()


def _limit_parameters(connection: sqlite3.Connection) -> None:
    connection.setlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER, 999)


async def test_a_scan_reads_the_primary_key_and_sorts_nothing(path: Path) -> None:
    store = SqliteStore(path)
    for sql in (sqlite._SCAN, sqlite._SCAN_BACK, sqlite._COUNT):
        bounds = ("links", "a", b"", 5)[: sql.count("?")]
        plan = await store._run(_planner(sql, bounds))
        assert len(plan) == 1
        assert plan[0].endswith("USING PRIMARY KEY (tbl=? AND key>? AND key<?)")
    await store.close()


def _planner(
    sql: str, bounds: tuple[str | bytes | int, ...]
) -> Callable[[sqlite3.Connection], list[str]]:
    return lambda connection: [
        row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {sql}", bounds)
    ]


async def test_two_stores_create_the_file_together(path: Path) -> None:
    stores = [SqliteStore(path) for _ in range(8)]
    await asyncio.gather(*(store.write([_ROW]) for store in stores))
    for store in stores:
        assert await store.scan("links") == [("a", b"1")]
        await store.close()


@pytest.mark.parametrize("threaded", [True, False])
async def test_a_locked_database_is_unavailable_until_it_is_free(
    path: Path, threaded: bool
) -> None:
    store = SqliteStore(path, threaded=threaded, busy_seconds=0.05)
    await store.write([_ROW])
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreUnavailable, match="locked by another process") as locked:
            await store.write([Row("links", "b", b"2")])
        assert "end the program" in locked.value.remedy
        with pytest.raises(StoreUnavailable):
            await store.acquire("tenant", "one", 30.0)
        assert await store.get("links", "a") == b"1"  # Readers do not wait for a writer.
        other.execute("COMMIT")
    await store.write([Row("links", "b", b"2")])
    assert await store.count("links") == 2
    await store.close()


async def test_a_database_that_is_locked_at_first_is_opened_later(path: Path) -> None:
    store = SqliteStore(path, busy_seconds=0.05)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(StoreUnavailable, match="locked"):
            await store.get("links", "a")
        other.execute("ROLLBACK")
    await store.write([_ROW])
    assert await store.get("links", "a") == b"1"
    await store.close()


@pytest.mark.parametrize("lock", ["IMMEDIATE", "EXCLUSIVE"])
async def test_opening_waits_for_another_that_creates_the_file(path: Path, lock: str) -> None:
    """Also where SQLite itself does not wait: for the switch to write-ahead logging."""
    store = SqliteStore(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute(f"BEGIN {lock}")
        writing = asyncio.create_task(store.write([_ROW]))
        await asyncio.sleep(0.05)
        assert not writing.done()
        other.execute("ROLLBACK")
        await writing
    assert await store.get("links", "a") == b"1"
    await store.close()


async def test_a_full_disk_loses_nothing_confirmed(path: Path) -> None:
    store = SqliteStore(path)
    await store.write([_ROW])
    pages = await store._run(_limit_pages)
    with pytest.raises(StoreUnavailable, match="the disk is full") as full:
        await store.write([Row("links", "a", None), Row("links", "big", b"v" * 4096 * pages * 2)])
    assert "Free disk space" in full.value.remedy
    assert await store.scan("links") == [("a", b"1")]
    await store.write([Row("links", "b", b"2")])
    assert await store.count("links") == 2
    await store.close()


def _limit_pages(connection: sqlite3.Connection) -> int:
    (pages,) = connection.execute("PRAGMA max_page_count = 20").fetchone()
    return int(pages)


def test_every_error_of_the_system_has_a_remedy() -> None:
    path = Path("state.db")
    for code in (sqlite3.SQLITE_IOERR_FSYNC, sqlite3.SQLITE_PROTOCOL, sqlite3.SQLITE_LOCKED):
        error = translated(_error(code), path)
        assert isinstance(error, StoreUnavailable)
        assert error.remedy != StoreUnavailable.remedy
    for code in (sqlite3.SQLITE_READONLY_DIRECTORY, sqlite3.SQLITE_PERM):
        assert isinstance(translated(_error(code), path), ConfigurationError)


def test_a_mistake_in_our_sql_is_not_disguised() -> None:
    path = Path("state.db")
    assert translated(_error(sqlite3.SQLITE_CONSTRAINT_NOTNULL), path) is None
    assert (
        translated(sqlite3.ProgrammingError("Cannot operate on a closed database."), path) is None
    )


async def test_a_mistake_in_our_sql_comes_out_as_it_is(path: Path) -> None:
    store = SqliteStore(path)
    with pytest.raises(sqlite3.OperationalError, match="no such table: missing"):
        await store._run(lambda connection: connection.execute("SELECT * FROM missing"))
    await store.close()


def _error(code: int) -> sqlite3.Error:
    error = sqlite3.OperationalError("as SQLite says")
    error.sqlite_errorcode = code
    return error
