"""Other processes on the same state: run as ``python -m tests.state.processes WHERE WHAT ...``.

WHERE is the path of a database, or ``azure:NAME`` for a table or a container of that name. Each
line printed is something that the process was told by the store.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from provisioning.ports import LeasePort, Row, Store
from provisioning.state.azure import AzureStore, BlobLeases
from provisioning.state.sqlite import SqliteStore
from provisioning.storage.account import storage_account
from tests.servers import azurite

ROOT = Path(__file__).parents[2]
ROWS_IN_BATCH = 25
OUTCOME = ("log", "link", "link_name", "work")
"""The tables that an outcome is written to, in this order."""


def start(where: Path | str, *what: str) -> subprocess.Popen[str]:
    """Starts a process. Its output is read by the test; it waits for a line on its input."""
    return subprocess.Popen(
        [sys.executable, "-m", "tests.state.processes", str(where), *what],
        cwd=ROOT,
        env=os.environ | (azurite.shared().environ if str(where).startswith("azure:") else {}),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


@contextmanager
def running(where: Path | str, *what: str) -> Iterator[subprocess.Popen[str]]:
    """A process, killed at the end."""
    process = start(where, *what)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def line_of(process: subprocess.Popen[str]) -> str:
    """The next line that it says."""
    assert process.stdout is not None
    return process.stdout.readline().strip()


def go(process: subprocess.Popen[str]) -> None:
    """Lets it begin."""
    assert process.stdin is not None
    process.stdin.write("go\n")
    process.stdin.flush()


def killed_after(lines: int, where: Path | str, what: str, name: str) -> int:
    """How many writes a process was told of that is killed after so many of them."""
    with running(where, what, name, "1000000") as process:
        assert line_of(process) == "ready"
        go(process)
        for _ in range(lines):
            line_of(process)
        process.kill()
        # Not by ``communicate``: it passes by what was read ahead with the last line.
        assert process.stdout is not None
        return lines + len(process.stdout.read().split())


def together(where: Path | str, what: str, count: int) -> list[list[str]]:
    """What two processes say, ``one`` and ``two``, that do the same at the same time."""
    with (
        running(where, what, "one", str(count)) as one,
        running(where, what, "two", str(count)) as two,
    ):
        for process in (one, two):
            assert line_of(process) == "ready"
        for process in (one, two):
            go(process)
        said = [process.communicate()[0].split() for process in (one, two)]
        assert (one.returncode, two.returncode) == (0, 0)
    return said


async def claimed_together(store: Store, where: Path | str, slots: int) -> None:
    """Both try to claim every slot: each slot goes to one of them."""
    await store.write([Row("slot", f"{n:04d}", b"free") for n in range(slots)])
    (one,), (two,) = together(where, "claim", slots)
    owners = [value for _, value in await store.scan("slot")]
    assert [int(one), int(two)] == [owners.count(b"one"), owners.count(b"two")]
    assert int(one) + int(two) == slots
    await store.close()


def _say(line: object) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


async def write_batches(store: Store, name: str, batches: str) -> None:
    """Numbers each batch once it is durable."""
    _say("ready")
    sys.stdin.readline()
    for batch in range(int(batches)):
        await store.write(
            [Row("batch", f"{name}/{batch:06d}/{n:02d}", b"v" * 200) for n in range(ROWS_IN_BATCH)]
        )
        _say(batch)


async def claim(store: Store, name: str, slots: str) -> None:
    """Claims each slot that is still free, and says how many it got."""
    _say("ready")
    sys.stdin.readline()
    mine = 0
    for n in range(int(slots)):
        await store.write([Row("slot", f"{n:04d}", name.encode(), only_if=b"free")])
        mine += await store.get("slot", f"{n:04d}") == name.encode()
    _say(mine)


async def write_outcomes(store: Store, name: str, batches: str) -> None:
    """Numbers each batch of outcomes once it is durable. Each has rows in several partitions."""
    _say("ready")
    sys.stdin.readline()
    for batch in range(int(batches)):
        things = [f"user/{n % 16:x}{n:02d}-{name}-{batch:04d}" for n in range(ROWS_IN_BATCH)]
        await store.write(
            [Row(table, key, key.encode(), about=key) for key in things for table in OUTCOME]
        )
        _say(batch)


async def take_lease(leases: LeasePort, holder: str) -> None:
    """Takes the lease, says what came with it and waits to be killed."""
    state = await leases.acquire("tenant", holder, 30.0)
    _say("none" if state is None else state.payload.decode() or "empty")
    sys.stdin.readline()


_WORK: dict[str, Callable[..., Awaitable[None]]] = {
    "write_batches": write_batches,
    "write_outcomes": write_outcomes,
    "claim": claim,
    "take_lease": take_lease,
}


def _opened(where: str, *, leases: bool) -> SqliteStore | AzureStore | BlobLeases:
    kind, _, name = where.partition(":")
    if kind != "azure":
        return SqliteStore(where)
    account = storage_account(os.environ)
    assert account is not None
    return BlobLeases(account, container=name) if leases else AzureStore(account, table=name)


async def _main() -> None:
    where, what, *arguments = sys.argv[1:]
    store = _opened(where, leases=what == "take_lease")
    await _WORK[what](store, *arguments)
    await store.close()


if __name__ == "__main__":
    asyncio.run(_main())
