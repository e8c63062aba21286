"""Several reads at a time: round trips bind reading, not the allowance."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar

T = TypeVar("T")


async def some_at_once(read: Callable[[T], Awaitable[None]], each: Iterable[T], most: int) -> None:
    """Calls ``read`` for each, ``most`` of them at a time, begun in their order.

    Raises the error of the first that fails; the others are cancelled.
    """
    all_of_them = list(each)
    if len(all_of_them) == 1:
        return await read(all_of_them[0])
    waiting = iter(all_of_them)

    async def work() -> None:
        for one in waiting:
            await read(one)

    try:
        async with asyncio.TaskGroup() as workers:
            for _ in range(most):
                workers.create_task(work())
    except ExceptionGroup as failed:
        raise failed.exceptions[0] from None
