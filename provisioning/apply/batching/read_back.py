"""Looking at what a server says that it has done."""

from __future__ import annotations

from typing import NamedTuple

from provisioning.apply.evidence import is_evident, place_of
from provisioning.apply.sending.batch import Outcome
from provisioning.apply.sending.pacer import Priority
from provisioning.apply.sending.sender import Sender, Stopped
from provisioning.errors import AnswerLost, LeaseUnavailable, NotFound, RemoteError
from provisioning.model import ObjectType, ScimId, TargetObject, Write
from provisioning.ports import TargetReader

_URGENT: Priority = (1, 0)
"""What is read back decides how everything else is sent."""


class Found(NamedTuple):
    """What was seen of an object: nothing, if it is not there."""

    object: TargetObject | None


class ReadBack:
    """Looks at objects that were written with others."""

    def __init__(self, sender: Sender, reader: TargetReader) -> None:
        self._sender = sender
        self._reader = reader

    async def found(self, type: ObjectType, id: ScimId) -> Found | None:
        """The object as it is now; ``None`` when that cannot be told."""
        try:
            return Found(await self._sender.send(lambda: self._reader.get(type, id), _URGENT))
        except NotFound:
            return Found(None)
        except (RemoteError, Stopped, LeaseUnavailable):
            return None

    async def is_there(self, write: Write, outcome: Outcome) -> bool | None:
        """Whether the write is to be seen; ``None`` when it cannot be told now."""
        type, id = written(write, outcome)
        found = await self.found(type, id)
        return None if found is None else is_evident(write, found.object)


def written(write: Write, outcome: Outcome) -> tuple[ObjectType, ScimId]:
    """What a write that is done was about."""
    type, id = place_of(write)
    if isinstance(outcome, TargetObject):
        id = outcome.id
    assert id is not None
    return type, id


def is_done(outcome: Outcome) -> bool:
    """Whether the server says that the write is done."""
    return outcome is None or isinstance(outcome, TargetObject)


def lost(why: str) -> AnswerLost:
    """What is not to be believed is looked at like an answer that was lost."""
    return AnswerLost("ZSCloud", "POST /Bulk", why)
