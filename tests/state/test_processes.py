"""SQLite between processes: killed in the middle of writing, writing together, leasing."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from pathlib import Path

from provisioning.state.sqlite import SqliteStore
from tests.state.processes import (
    ROWS_IN_BATCH,
    claimed_together,
    killed_after,
    line_of,
    running,
    together,
)

_ENOUGH = 1_000_000


async def _batches(path: Path, name: str) -> dict[int, int]:
    """How many rows of each batch are there."""
    store = SqliteStore(path)
    rows = await store.scan("batch", f"{name}/", limit=_ENOUGH)
    await store.close()
    found: dict[int, int] = {}
    for key, _ in rows:
        batch = int(key.split("/")[1])
        found[batch] = found.get(batch, 0) + 1
    return found


def _is_sound(path: Path) -> bool:
    connection = sqlite3.connect(path)
    try:
        (verdict,) = connection.execute("PRAGMA integrity_check").fetchone()
        return bool(verdict == "ok")
    finally:
        connection.close()


async def test_a_killed_process_leaves_whole_writes_and_all_that_it_was_told(
    tmp_path: Path,
) -> None:
    """Killed at different moments of many writes, without a chance to clean up."""
    path = tmp_path / "state.db"
    for run, lines in enumerate((1, 7, 40)):
        name = f"run{run}"
        told = killed_after(lines, path, "write_batches", name)
        found = await _batches(path, name)
        assert set(found.values()) == {ROWS_IN_BATCH}
        # The write after the last that it was told of may have been on the disk already.
        assert list(found) in (list(range(told)), list(range(told + 1)))
        assert _is_sound(path)


async def test_processes_write_the_same_file_together(tmp_path: Path) -> None:
    path, batches = tmp_path / "state.db", 40
    told = together(path, "write_batches", batches)
    assert told == [[str(n) for n in range(batches)]] * 2
    for name in ("one", "two"):
        assert await _batches(path, name) == dict.fromkeys(range(batches), ROWS_IN_BATCH)
    assert _is_sound(path)


async def test_a_condition_holds_between_processes(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    await claimed_together(SqliteStore(path), path, 60)


async def test_the_lease_of_a_killed_process_runs_out(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    ahead = 0.0
    store = SqliteStore(path, time=lambda: time.time() + ahead)
    assert await store.acquire("tenant", "here", 30.0) is not None
    await store.release("tenant", "here", b"sent at 12")
    with running(path, "take_lease", "there") as process:
        assert await asyncio.to_thread(line_of, process) == "sent at 12"
        assert await store.acquire("tenant", "here", 30.0) is None
        assert not await store.renew("tenant", "here", 30.0)
    assert await store.acquire("tenant", "here", 30.0) is None
    ahead = 31.0
    state = await store.acquire("tenant", "here", 30.0)
    assert state is not None
    assert state.payload == b"sent at 12"
    with running(path, "take_lease", "there") as process:
        assert await asyncio.to_thread(line_of, process) == "none"
    await store.close()
