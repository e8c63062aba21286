"""How far a cycle is: a bar on a terminal, else a line now and then."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterator

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn

from provisioning.cli.output import duration
from provisioning.record import CycleRecord

LINE_EVERY = 10.0
"""Seconds between lines where there is no terminal."""

Update = Callable[[CycleRecord], None]


@contextlib.asynccontextmanager
async def progress(
    console: Console, waiting: str, every: float = LINE_EVERY
) -> AsyncIterator[Update]:
    """Shows progress while the body runs, and takes the news. ``waiting`` is shown before any."""
    if console.is_terminal:
        with _bar(console, waiting) as update:
            yield update
        return
    latest = [waiting]
    lines = asyncio.create_task(_print_lines(console, latest, every))
    try:
        yield lambda record: latest.__setitem__(0, line_of(record))
    finally:
        lines.cancel()
        await asyncio.gather(lines, return_exceptions=True)


def line_of(record: CycleRecord) -> str:
    """Progress in one line: phase, items, requests, time left at the present pace."""
    items = f"{record.done} of {record.done + record.left} done, " if _total(record) else ""
    return f"{record.phase}: {items}{_requests(record)}{_time_left(record)}"


async def _print_lines(console: Console, latest: list[str], every: float) -> None:
    while True:
        await asyncio.sleep(every)
        console.print(latest[0], soft_wrap=True)


@contextlib.contextmanager
def _bar(console: Console, waiting: str) -> Iterator[Update]:
    # Standard output stays as it is: it may hold the one JSON document.
    bar = Progress(
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TextColumn("{task.fields[items]}", markup=False),
        TextColumn("{task.fields[requests]}", markup=False),
        console=console,
        transient=True,
        redirect_stdout=False,
    )
    task = bar.add_task(waiting, total=None, items="", requests="")

    def update(record: CycleRecord) -> None:
        total = _total(record)
        bar.update(
            task,
            description=record.phase or waiting,
            total=total,
            completed=record.done,
            items=f"{record.done}/{total}" if total else "",
            requests=f"{_requests(record)}{_time_left(record)}",
        )

    with bar:
        yield update


def _total(record: CycleRecord) -> int | None:
    """Items in all; ``None`` while they are being found."""
    return record.done + record.left or None


def _requests(record: CycleRecord) -> str:
    return f"{record.requests.graph + record.requests.scim} requests sent"


def _time_left(record: CycleRecord) -> str:
    left = record.seconds_left
    return f", {duration(left)} left" if left is not None and record.left else ""
