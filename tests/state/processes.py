"""Other processes on the same database: run as ``python -m tests.state.processes PATH WHAT ...``.

Each line printed is something that the process was told by the store.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

from provisioning.ports import Row
from provisioning.state.sqlite import SqliteStore

ROOT = Path(__file__).parents[2]
ROWS_IN_BATCH = 25


def start(path: Path, *what: str) -> subprocess.Popen[str]:
    """Starts a process. Its output is read by the test; it waits for a line on its input."""
    return subprocess.Popen(
        [sys.executable, "-m", "tests.state.processes", str(path), *what],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def _say(line: object) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


async def write_batches(store: SqliteStore, name: str, batches: str) -> None:
    """Numbers each batch once it is durable."""
    _say("ready")
    sys.stdin.readline()
    for batch in range(int(batches)):
        await store.write(
            [Row("batch", f"{name}/{batch:06d}/{n:02d}", b"v" * 200) for n in range(ROWS_IN_BATCH)]
        )
        _say(batch)


async def claim(store: SqliteStore, name: str, slots: str) -> None:
    """Claims each slot that is still free, and says how many it got."""
    _say("ready")
    sys.stdin.readline()
    mine = 0
    for n in range(int(slots)):
        await store.write([Row("slot", f"{n:04d}", name.encode(), only_if=b"free")])
        mine += await store.get("slot", f"{n:04d}") == name.encode()
    _say(mine)


async def take_lease(store: SqliteStore, holder: str) -> None:
    """Takes the lease, says what came with it and waits to be killed."""
    state = await store.acquire("tenant", holder, 30.0)
    _say("none" if state is None else state.payload.decode() or "empty")
    sys.stdin.readline()


_WORK: dict[str, Callable[..., Awaitable[None]]] = {
    "write_batches": write_batches,
    "claim": claim,
    "take_lease": take_lease,
}


async def _main() -> None:
    path, what, *arguments = sys.argv[1:]
    store = SqliteStore(path)
    await _WORK[what](store, *arguments)
    await store.close()


if __name__ == "__main__":
    asyncio.run(_main())
