"""Sends writes together where the server offers Bulk, as far as it was shown to do what it says."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import msgspec

from provisioning import bulk
from provisioning.apply.batching.bulk_use import BulkUse
from provisioning.apply.batching.read_back import ReadBack, is_done, lost
from provisioning.apply.batching.references import References
from provisioning.apply.evidence import is_evident
from provisioning.apply.finding.matching import Matching
from provisioning.apply.sending.batch import Outcome
from provisioning.apply.sending.pacer import Turn
from provisioning.apply.sending.sender import Sender
from provisioning.errors import (
    AnswerLost,
    BatchRefused,
    Refusal,
    RemoteError,
    Throttled,
)
from provisioning.job import Job
from provisioning.model import (
    AddMembers,
    ObjectType,
    RemoveMembers,
    ScimId,
    Write,
)
from provisioning.ports import TargetReader, TargetWriter, Unsent

_LEFT_OUT = "its answers leave out what became of writes"


class Load(msgspec.Struct, frozen=True):
    """A batch of up to ``size`` writes; one ``on_trial`` is larger than any that was proven.
    ``references`` is whether they may name what others of them create.
    """

    together: Together
    size: int
    references: bulk.Standing
    on_trial: bool = False

    async def carry(self, writes: Sequence[Write], slot: Turn) -> Sequence[Outcome]:
        """See ``batch.Load``."""
        return await self.together.carry(writes, slot, on_trial=self.on_trial)


class Together:
    """The batches of one drain."""

    def __init__(
        self,
        job: Job,
        sender: Sender,
        reader: TargetReader,
        writer: TargetWriter,
        matching: Matching,
        use: BulkUse,
    ) -> None:
        self._clock = job.clock
        self._sender = sender
        self._writer = writer
        self._matching = matching
        self._use = use
        self._look = ReadBack(sender, reader)
        self._references = References(use, self._look)
        self._on_trial = False
        self._throttled = 0

    def load(self, waiting: int) -> Load | None:
        """See ``pool.Loads``."""
        known = self._use.known
        if not known.is_usable:
            return None
        if known.most <= known.proven:
            return Load(self, known.most, known.references)
        if self._on_trial:
            # Meanwhile the rest goes on as it went before.
            return Load(self, known.proven, known.references) if known.is_proven else None
        if not known.proven and waiting < bulk.WORTH_PROVING:
            return None
        self._on_trial = min(known.most, waiting) > known.proven
        return Load(self, known.most, known.references, on_trial=self._on_trial)

    async def carry(
        self, writes: Sequence[Write], slot: Turn, *, on_trial: bool
    ) -> Sequence[Outcome]:
        """Sends a batch in its slot, or gives that back; what became of each write."""
        try:
            if not writes:
                return []
            if len(writes) == 1:
                return [await self._sender.in_slot(slot, lambda: self._writer.write(writes[0]))]
            return await self._carried(writes, slot)
        except Throttled as error:
            self._throttled += 1
            self._pause(error.retry_after)
            return [Unsent.LATER] * len(writes)
        finally:
            self._on_trial = self._on_trial and not on_trial
            await self._use.remember()

    async def _carried(self, writes: Sequence[Write], slot: Turn) -> Sequence[Outcome]:
        began, most_bytes = self._clock.monotonic(), self._use.known.most_bytes
        try:
            outcomes = await self._sender.in_slot(
                slot, lambda: self._writer.write_together(writes, most_bytes)
            )
        except BatchRefused as error:
            if self._references.are_to_blame(writes, error):
                return [Unsent.LATER] * len(writes)
            return self._refused(error, len(writes), began)
        except AnswerLost as error:
            self._references.are_to_blame(writes, error)
            self._use.set_back(len(writes), f"no answer comes ({error.detail})", began)
            await self._matching.survey(writes)
            return [error] * len(writes)
        took = self._clock.monotonic() - began
        self._throttled = 0
        return await self._judged(writes, list(outcomes), began, took)

    def _refused(self, error: BatchRefused, count: int, began: float) -> list[Outcome]:
        """Nothing was executed: the writes go in smaller batches, or one by one."""
        if error.refusal is Refusal.TOO_LARGE:
            self._use.too_large(count)
            return [Unsent.LATER] * count
        if error.refusal is Refusal.NOT_OFFERED:
            self._use.give_up(f"it answers {error.status} to a batch")
        else:
            why = f"it refuses batches with {error.status} ({error.detail})"
            self._use.set_back(count, why, began)
        return [Unsent.ALONE] * count

    def _pause(self, retry_after: float) -> None:
        self._sender.pacer.refused(max(retry_after, self._sender.back_off(self._throttled)))

    # --- judging -------------------------------------------------------------------------------

    async def _judged(
        self, writes: Sequence[Write], outcomes: list[Outcome], began: float, took: float
    ) -> Sequence[Outcome]:
        """The outcomes as far as they can be believed."""
        count = sum(one is not Unsent.LATER for one in outcomes)
        late = [one.retry_after for one in outcomes if isinstance(one, Throttled)]
        if late:
            self._pause(max(late))
            self._use.set_back(count, "it takes more time for a batch than for its parts", began)
            outcomes = [Unsent.LATER if isinstance(one, Throttled) else one for one in outcomes]
        left_out = any(isinstance(one, AnswerLost) for one in outcomes)
        proven = self._use.known.proven
        outcomes = await self._of_one_seen(writes, outcomes)
        outcomes = await self._references.judged(writes, outcomes)
        if count > proven:
            outcomes = await self._read_back(writes, outcomes, began)
        if left_out:
            self._use.set_back(count, _LEFT_OUT, began)
        elif not late and self._use.known.is_usable:
            done = any(is_done(one) for one in outcomes)
            self._use.did(count, took, proven=done and count > proven)
        # What an unproven batch refuses is asked for once more, by itself.
        return outcomes if proven else [_by_itself(one) for one in outcomes]

    async def _read_back(
        self, writes: Sequence[Write], outcomes: list[Outcome], began: float
    ) -> list[Outcome]:
        """Looks at what the server says that it has done: all of a first batch, the last of one
        that is larger than those before.
        """
        done = [place for place, one in enumerate(outcomes) if is_done(one)]
        if not done:
            if not self._use.known.proven:
                self._use.set_back(len(writes), "none of the writes in it succeeds", began)
            return outcomes
        samples = done[-1:] if self._use.known.proven else done
        seen = await asyncio.gather(*[self._look.is_there(writes[p], outcomes[p]) for p in samples])
        if False in seen:
            self._use.give_up("it says that a write is done, and it is not")
            return _doubted(outcomes, "said to be done, and is not to be seen")
        if None in seen:
            self._use.set_back(len(writes), "what it writes could not be read back", began)
            return _doubted(outcomes, "could not be read back")
        return outcomes

    async def _of_one_seen(self, writes: Sequence[Write], outcomes: list[Outcome]) -> list[Outcome]:
        """Looks at each object that several writes of the batch are about, until that was seen to
        be done. A server that does them side by side may lose all but the last.
        """
        if self._use.known.same_object is bulk.Standing.PROVEN:
            return outcomes
        for id, places in _written_together(writes, outcomes).items():
            found = await self._look.found(ObjectType.GROUP, id)
            seen = found and all(is_evident(writes[place], found.object) for place in places)
            if seen is not None:
                self._use.same_object_seen(holds=seen)
            if not seen:
                why = "written several times in one batch, and not seen to be all done"
                outcomes = [lost(why) if n in places else one for n, one in enumerate(outcomes)]
        return outcomes


def _written_together(
    writes: Sequence[Write], outcomes: Sequence[Outcome]
) -> dict[ScimId, list[int]]:
    """The groups that several writes were done for, with the places of those."""
    places: dict[ScimId, list[int]] = {}
    for place, (write, outcome) in enumerate(zip(writes, outcomes, strict=True)):
        if isinstance(write, AddMembers | RemoveMembers) and is_done(outcome):
            places.setdefault(write.id, []).append(place)
    return {id: of_one for id, of_one in places.items() if len(of_one) > 1}


def _doubted(outcomes: list[Outcome], why: str) -> list[Outcome]:
    """What is not to be believed is looked at like an answer that was lost."""
    return [lost(why) if is_done(one) else one for one in outcomes]


def _by_itself(outcome: Outcome) -> Outcome:
    refused = isinstance(outcome, RemoteError) and not isinstance(outcome, AnswerLost)
    return Unsent.ALONE if refused else outcome
