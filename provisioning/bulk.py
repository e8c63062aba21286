"""Whether writes travel together, and how many: what is learned about a server's Bulk. Pure.

Discovery only offers it (RFC 7643 section 5). It is used after a first small batch was read back,
each larger one after its last write was; what a server refuses, loses or only pretends is
remembered, and forgotten after a while: servers are mended.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec

from provisioning.model import Capabilities

MOST = 100
"""Writes in one request. At 5 requests a second more of them would save nothing: the planning of
500 writes takes about a second."""

PROOF = 3
"""Writes in the first batch, all of which are read back."""

WORTH_PROVING = 10
"""So many writes have to wait before the proof saves more requests than it costs."""

WEEK = 7 * 86_400.0
"""Seconds after which everything is found out anew."""
HOUR = 3_600.0
"""The same, where the server may just have had a bad time."""

_LEAST = 2
_SETBACKS = 3
_ANSWERED_WITHIN = 5.0
"""Seconds that an answer should take: a quarter of the time that a request may take."""
_GROWTH = 4
"""Times that a batch may be the last one, if that was answered in half of this time."""
_PAYLOAD = 1_000_000
"""Bytes of a body, where the server does not say (RFC 7643 section 5 requires that it does)."""


class Standing(StrEnum):
    """What was seen of one ability that every server with Bulk should have."""

    UNTRIED = "untried"
    PROVEN = "proven"
    REFUSED = "refused"


class BulkKnowledge(msgspec.Struct, frozen=True, kw_only=True):
    """What was learned. ``operations`` and ``payload`` are what discovery offered then.

    ``proven`` is the largest batch that was shown to do what it says, ``size`` the one in use,
    ``ceiling`` the largest that the server took. ``setbacks`` are batches in a row that brought
    nothing. ``refused`` says why batches are not used. ``same_object``: several writes of one
    object in a batch are all done. ``references``: an operation may name what another one creates.
    From ``forget_at`` (epoch seconds) on none of this counts any more.
    """

    operations: int = 0
    payload: int = 0
    proven: int = 0
    size: int = MOST
    ceiling: int = MOST
    setbacks: int = 0
    refused: str = ""
    same_object: Standing = Standing.UNTRIED
    references: Standing = Standing.UNTRIED
    forget_at: float = 0.0

    @property
    def is_offered(self) -> bool:
        """Whether discovery offers more than single requests."""
        return self.operations >= _LEAST

    @property
    def is_usable(self) -> bool:
        """Whether a batch may be tried, or sent."""
        return self.is_offered and not self.refused

    @property
    def is_proven(self) -> bool:
        """Whether batches are in use."""
        return self.is_usable and self.proven >= _LEAST

    @property
    def most_of_one(self) -> int:
        """Writes of one object for the next batch; 1 while writes go one by one."""
        return self.most if self.is_proven and self.same_object is not Standing.REFUSED else 1

    @property
    def may_refer(self) -> bool:
        """Whether a write may name what another one of its batch creates."""
        return self.is_proven and self.references is not Standing.REFUSED

    @property
    def most_bytes(self) -> int:
        """What a body may have."""
        return self.payload or _PAYLOAD

    @property
    def most(self) -> int:
        """Writes for the next batch."""
        if not self.proven:
            return min(PROOF, self.operations)
        return max(_LEAST, min(self.size, self.ceiling, self.operations, MOST))

    def __str__(self) -> str:
        if not self.is_offered:
            return "no Bulk"
        offered = f"Bulk of {self.operations}"
        if self.refused:
            return f"{offered} offered, not used: {self.refused}"
        if not self.proven:
            return f"{offered} offered, to be proven by the first {PROOF} writes of several"
        lacking = [
            what
            for what, standing in (
                ("references", self.references),
                ("several writes of one object", self.same_object),
            )
            if standing is Standing.REFUSED
        ]
        without = f", without {' and '.join(lacking)}" if lacking else ""
        return f"{offered} offered and proven, batches of {self.most}{without}"


def known(stored: BulkKnowledge | None, offered: Capabilities, now: float) -> BulkKnowledge:
    """What still counts of what was stored: nothing after its time, nor when the offer changed."""
    limits = (offered.bulk_operations, offered.bulk_payload)
    if stored is None or stored.forget_at <= now or (stored.operations, stored.payload) != limits:
        stored = None
    if stored is not None:
        return stored
    return BulkKnowledge(operations=limits[0], payload=limits[1], forget_at=now + WEEK)


def did(was: BulkKnowledge, count: int, seconds: float, *, proven: bool) -> BulkKnowledge:
    """After a batch that was answered in so many seconds. ``proven``: its writes were read back."""
    enough = count * _ANSWERED_WITHIN >= MOST * seconds
    fits = MOST if enough else int(count * _ANSWERED_WITHIN / seconds)
    # Most of a short time may be the way there and back, which is the same for a larger one.
    grown = count * _GROWTH if seconds <= _ANSWERED_WITHIN / 2 else 0
    size = max(_LEAST, fits, min(MOST, grown))
    return msgspec.structs.replace(
        was, size=size, setbacks=0, proven=max(was.proven, count) if proven else was.proven
    )


def too_large(was: BulkKnowledge, count: int) -> BulkKnowledge:
    """After a batch of ``count`` that the server found too large: half of it is tried."""
    half = count // 2
    if half < _LEAST:
        return msgspec.structs.replace(was, refused="it refuses even the smallest as too large")
    return msgspec.structs.replace(was, ceiling=min(was.ceiling, half))


def set_back(was: BulkKnowledge, count: int, why: str, now: float) -> BulkKnowledge:
    """After a batch of ``count`` that brought nothing: smaller ones, and after several none for a
    while. A server that has never taken any is not tried for long.
    """
    setbacks = was.setbacks + 1
    half = max(_LEAST, count // 2)
    after = msgspec.structs.replace(was, setbacks=setbacks, size=half)
    if setbacks < _SETBACKS and was.proven:
        return after
    return msgspec.structs.replace(after, refused=why, forget_at=now + HOUR)


def same_object_seen(was: BulkKnowledge, *, holds: bool) -> BulkKnowledge:
    """After an object that several writes of one batch were about was read back."""
    return msgspec.structs.replace(was, same_object=_standing(holds=holds))


def references_seen(was: BulkKnowledge, *, holds: bool) -> BulkKnowledge:
    """After a write with references was refused, or what it wrote was read back."""
    return msgspec.structs.replace(was, references=_standing(holds=holds))


def _standing(*, holds: bool) -> Standing:
    return Standing.PROVEN if holds else Standing.REFUSED


def given_up(was: BulkKnowledge, why: str, now: float) -> BulkKnowledge:
    """After an answer that shows that Bulk is not there, or does not do what it says."""
    return msgspec.structs.replace(was, refused=why, forget_at=now + WEEK)
