"""Members of the next groups, asked for while those of one are taken in.

A tenant of many groups costs many round trips, and Graph's allowance lets several run at a time.
What is asked for goes ahead; what is believed does not: groups are taken in one after the other,
each with the time its own read began.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Iterable, Sequence

from provisioning.model import EntraId, Member
from provisioning.ports import Clock, Source

_STREAMS = 4
"""Groups that are read at a time, each one page ahead of what is taken in."""

_Page = Sequence[Member]


class Stream:
    """One complete read of a group's members. ``began``: when its first page was asked for."""

    def __init__(self, source: Source, clock: Clock, group: EntraId) -> None:
        self.began = clock.time()
        self._pages = source.members(group)
        self.coming = self._ask()

    def _ask(self) -> asyncio.Task[_Page | None]:
        return asyncio.create_task(_next_of(self._pages))

    async def close(self) -> None:
        """Ends the read; what is under way was cancelled before."""
        await self._pages.aclose()

    async def pages(self) -> AsyncIterator[_Page]:
        """The pages as they come. Raises what the read has failed with."""
        while (page := await self.coming) is not None:
            self.coming = self._ask()
            yield page


async def _next_of(pages: AsyncIterator[_Page]) -> _Page | None:
    return await anext(pages, None)


class MembersAhead:
    """The reads of some groups, to be taken in their order."""

    def __init__(self, source: Source, clock: Clock, groups: Iterable[EntraId]) -> None:
        self._source = source
        self._clock = clock
        self._waiting = deque(groups)
        self._begun: deque[Stream] = deque()
        self._taken: Stream | None = None

    async def aclose(self) -> None:
        """Ends the reads that are under way."""
        if self._taken is not None:
            self._begun.append(self._taken)
        for stream in self._begun:
            stream.coming.cancel()
        await asyncio.gather(*(stream.coming for stream in self._begun), return_exceptions=True)
        for stream in self._begun:
            await stream.close()

    def next(self) -> Stream:
        """The read of the next group."""
        while self._waiting and len(self._begun) < _STREAMS:
            self._begun.append(Stream(self._source, self._clock, self._waiting.popleft()))
        self._taken = self._begun.popleft()
        return self._taken
