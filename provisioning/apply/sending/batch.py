"""Several writes in one send slot.

Each keeps the rule of a single one: wait for the slot, then choose the request. Who has a seat
chooses anew and hands its write in, or gives the seat back. When all have decided, one request is
sent, and each gets an answer of its own.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol

from provisioning.apply.sending.pacer import Turn
from provisioning.bulk import Standing
from provisioning.model import CreateObject, EntraId, TargetObject, Write, newcomers_of
from provisioning.ports import Unsent

_PATIENCE = 1.0
"""Seconds that a batch waits for those who have a seat: the others are not to wait for a storage
that is slow for one of them."""

Outcome = TargetObject | BaseException | Unsent | None
"""What became of one write of a batch: what it gave, or raised, or that it was not sent."""


class Load(Protocol):
    """What is sent in a batch. ``size`` is how many writes it may hold, ``references`` whether
    they may name what others of them create.
    """

    @property
    def size(self) -> int:
        """Writes, at most."""
        ...

    @property
    def references(self) -> Standing:
        """As long as they are untried, one write of a batch tries them."""
        ...

    async def carry(self, writes: Sequence[Write], slot: Turn) -> Sequence[Outcome]:
        """Sends the writes in the slot, or gives it back when there are none. Called once.

        What it raises is the outcome of each.
        """
        ...


class NotSent(Exception):
    """The write was not sent with the batch, and not executed."""

    def __init__(self, why: Unsent) -> None:
        super().__init__(why.value)
        self.why = why


class _Handed(NamedTuple):
    write: Write
    answered: asyncio.Future[TargetObject | None]


class Batch:
    """One batch. ``refill`` is called for each seat that is given back while others may come."""

    def __init__(self, slot: Turn, load: Load, refill: Callable[[Batch], None]) -> None:
        self._slot = slot
        self._load = load
        self._refill = refill
        self._undecided: set[Seat] = set()
        self._following: set[Seat] = set()
        self._trying: Seat | None = None
        self._handed: list[_Handed] = []
        self._all_decided = asyncio.Event()
        self._others_decided = asyncio.Event()
        self._closed = False
        self._travelling = asyncio.create_task(self._travel())

    @property
    def references(self) -> Standing:
        """Whether writes may name what others create."""
        return self._load.references

    def seat(self, *, waited: bool) -> Seat:
        """A seat for one more."""
        seat = Seat(self, self._slot, waited=waited)
        self._undecided.add(seat)
        return seat

    def left(self, seat: Seat) -> None:
        """The seat is not needed."""
        if seat in self._undecided:
            self._undecided.discard(seat)
            if not self._closed:
                self._refill(self)
            self._decided()

    async def company(self, seat: Seat) -> frozenset[EntraId]:
        """For whom accounts are created by the writes that stand before this seat's: known when
        all have decided who do not ask for this themselves. Nobody where no write may name them.
        """
        self._following.add(seat)
        self._decided()
        await self._others_decided.wait()
        standing = self._load.references
        if self._closed or standing is Standing.REFUSED:
            return frozenset()
        if standing is Standing.UNTRIED and self._trying not in (None, seat):
            return frozenset()
        self._trying = seat
        return frozenset(id for one in self._handed if (id := _made_for(one.write)) is not None)

    async def hand_in(self, seat: Seat, write: Write) -> TargetObject | None:
        """The write travels with the batch; its answer. Raises what ``TargetWriter.write`` does,
        and ``NotSent``. Who is cancelled before the batch leaves does not travel.
        """
        if self._closed or seat not in self._undecided:
            raise NotSent(Unsent.LATER)
        handed = _Handed(write, asyncio.get_running_loop().create_future())
        self._handed.append(handed)
        self._undecided.discard(seat)
        self._decided()
        try:
            return await handed.answered
        except asyncio.CancelledError:
            self._gave_up(handed)
            raise

    def _decided(self) -> None:
        if self._undecided <= self._following:
            self._others_decided.set()
        if not self._undecided:
            self._all_decided.set()

    def _gave_up(self, handed: _Handed) -> None:
        if not self._closed:
            self._handed.remove(handed)
        elif all(one.answered.done() for one in self._handed):
            self._travelling.cancel()  # Nobody waits for the answer any more.

    async def _travel(self) -> None:
        outcomes: Sequence[Outcome]
        try:
            await self._wait_for_all()
            self._closed = True
            self._others_decided.set()
            self._leave_behind()
            outcomes = await self._load.carry([one.write for one in self._handed], self._slot)
        except asyncio.CancelledError:
            for one in self._handed:
                one.answered.cancel()
            raise
        except Exception as error:  # noqa: BLE001  it is raised by each of those who wait
            outcomes = [error] * len(self._handed)
        finally:
            self._slot.give_back()  # unless it was used
        for one, outcome in zip(self._handed, outcomes, strict=True):
            _answer(one.answered, outcome)

    def _leave_behind(self) -> None:
        """Who names somebody who does not travel after all chooses anew."""
        made = {_made_for(one.write) for one in self._handed}
        for one in list(self._handed):
            if not made.issuperset(newcomers_of(one.write)):
                self._handed.remove(one)
                _answer(one.answered, Unsent.LATER)

    async def _wait_for_all(self) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_PATIENCE):
                await self._all_decided.wait()


class Seat(Turn):
    """A turn that is shared. What is sent in it is handed in."""

    def __init__(self, batch: Batch, slot: Turn, *, waited: bool) -> None:
        super().__init__(slot.pacer, slot.before, slot.after, waited=waited)
        self._batch = batch

    @property
    def is_trial(self) -> bool:
        """Whether it is to be seen yet that the server knows whom a write means by others."""
        return self._batch.references is Standing.UNTRIED

    async def company(self) -> frozenset[EntraId]:
        """See ``Batch.company``."""
        return await self._batch.company(self)

    async def hand_in(self, write: Write) -> TargetObject | None:
        """See ``Batch.hand_in``."""
        return await self._batch.hand_in(self, write)

    def give_back(self) -> None:
        """Nothing is sent from this seat, unless it was handed in."""
        self._batch.left(self)

    def finish(self) -> None:
        """The same: the slot belongs to the batch."""
        self._batch.left(self)


def _made_for(write: Write) -> EntraId | None:
    return write.made_for if isinstance(write, CreateObject) else None


def _answer(answered: asyncio.Future[TargetObject | None], outcome: Outcome) -> None:
    if answered.done():
        return
    if isinstance(outcome, Unsent):
        answered.set_exception(NotSent(outcome))
    elif isinstance(outcome, BaseException):
        answered.set_exception(outcome)
    else:
        answered.set_result(outcome)
