"""Long work on the loop, cut so that the other tasks have their turn in between.

A lease has to be renewed, and lanes are looked at every quarter of a second: a group of a hundred
thousand members must not keep the loop for that long.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from itertools import islice
from typing import TypeVar

T = TypeVar("T")

AT_ONCE = 1000
"""Small things that are done before the others' turn: some milliseconds."""


async def by_turns(items: Iterable[T], at_once: int = AT_ONCE) -> AsyncIterator[T]:
    """The items, with the turn of the others after each ``at_once`` of them."""
    for number, item in enumerate(items):
        if number and number % at_once == 0:
            await asyncio.sleep(0)
        yield item


async def in_parts(items: Iterable[T], at_once: int = AT_ONCE) -> AsyncIterator[list[T]]:
    """The same, ``at_once`` of them together."""
    rest = iter(items)
    part = list(islice(rest, at_once))
    while part:
        yield part
        part = list(islice(rest, at_once))
        if part:
            await asyncio.sleep(0)
