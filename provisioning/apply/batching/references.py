"""Whether a server knows whom a write of a batch means by what another one creates.

RFC 7644 section 3.7.2 has it for every server with Bulk. One may refuse it, store the text for an
id, or leave the member out: so the first write that does so is read back.
"""

from __future__ import annotations

from collections.abc import Sequence

from provisioning.apply.batching.bulk_use import BulkUse
from provisioning.apply.batching.read_back import ReadBack, is_done, lost, written
from provisioning.apply.evidence import is_evident
from provisioning.apply.sending.batch import Outcome
from provisioning.bulk import Standing
from provisioning.errors import AnswerLost, BatchRefused, RemoteError, Throttled
from provisioning.errors import Refusal as Refused
from provisioning.model import (
    CreateObject,
    EntraId,
    ScimId,
    TargetObject,
    Write,
    is_placeholder,
    newcomers_of,
    with_arrived,
)
from provisioning.ports import Unsent


class References:
    """Judges the writes with references of the batches of one drain."""

    def __init__(self, use: BulkUse, read_back: ReadBack) -> None:
        self._use = use
        self._read_back = read_back

    def are_to_blame(self, writes: Sequence[Write], error: RemoteError) -> bool:
        """Whether a batch without an answer, or one that was refused, may have come to nothing for
        a write with references. It goes without them from here on.
        """
        is_trial = self._use.known.references is Standing.UNTRIED
        too_large = isinstance(error, BatchRefused) and error.refusal is Refused.TOO_LARGE
        if not is_trial or too_large or not any(map(newcomers_of, writes)):
            return False
        self._use.references_seen(holds=False)
        return True

    async def judged(self, writes: Sequence[Write], outcomes: list[Outcome]) -> list[Outcome]:
        """The outcomes, those of writes with references as far as they can be believed. What was
        read back is told as it was found.
        """
        made = {
            write.made_for: outcome.id
            for write, outcome in zip(writes, outcomes, strict=True)
            if isinstance(write, CreateObject) and isinstance(outcome, TargetObject)
        }
        return [
            await self._judged(write, outcome, made) if newcomers_of(write) else outcome
            for write, outcome in zip(writes, outcomes, strict=True)
        ]

    async def _judged(
        self, write: Write, outcome: Outcome, made: dict[EntraId | None, ScimId]
    ) -> Outcome:
        newcomers = newcomers_of(write)
        arrived = [made[id] for id in newcomers if id in made]
        everybody = len(arrived) == len(newcomers)
        if isinstance(outcome, AnswerLost | Throttled):
            return outcome
        if isinstance(outcome, RemoteError):
            # It may be refused for whom it names, who need not be there: it is chosen anew.
            if everybody and self._use.known.references is Standing.UNTRIED:
                self._use.references_seen(holds=False)
            return Unsent.LATER
        if not is_done(outcome) or (everybody and self._use.known.references is Standing.PROVEN):
            return outcome
        return await self._seen(write, outcome, arrived, everybody=everybody)

    async def _seen(
        self, write: Write, outcome: Outcome, arrived: list[ScimId], *, everybody: bool
    ) -> Outcome:
        found = await self._read_back.found(*written(write, outcome))
        group = found and found.object
        if group is None or group.members is None or not is_evident(with_arrived(write, ()), group):
            return lost("written with members of the same batch, and not to be seen")
        if everybody:
            holds = is_evident(with_arrived(write, arrived), group)
            self._use.references_seen(holds=holds and not any(map(is_placeholder, group.members)))
        return group
