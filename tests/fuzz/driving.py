"""Coroutines that wait for nothing, run to their end without an event loop."""

from __future__ import annotations

from collections.abc import AsyncIterator, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


def run(work: Coroutine[Any, Any, T]) -> T:
    """What the coroutine gives. Its bare yields are gone over."""
    try:
        while True:
            work.send(None)
    except StopIteration as end:
        value: T = end.value
        return value
    finally:
        work.close()


async def gathered(pages: AsyncIterator[T]) -> list[T]:
    """Everything that comes."""
    return [page async for page in pages]
