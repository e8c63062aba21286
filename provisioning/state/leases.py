"""How a lease changes hands. Pure: the stored state and the time in, the new state out.

Times are epoch seconds of the wall clock, which the machines that share a store must agree on
within a second or two. Whoever holds a lease counts its deadline from before it asked, so that
it stops first.
"""

from __future__ import annotations

from provisioning.ports import LeaseState

NOBODY = ""
"""The holder of a lease that was released."""


def acquired(
    state: LeaseState | None, holder: str, now: float, seconds: float
) -> LeaseState | None:
    """The lease as its new holder has it; ``None`` while another holds it."""
    if state is None:
        return LeaseState(holder, now + seconds, b"")
    if state.holder != holder and now < state.until:
        return None
    return LeaseState(holder, now + seconds, state.payload, released=state.holder == NOBODY)


def renewed(state: LeaseState | None, holder: str, now: float, seconds: float) -> LeaseState | None:
    """The lease prolonged; ``None`` when it is no longer the holder's.

    A lease that ran out, and that nobody has taken since, is still its last holder's.
    """
    if state is None or state.holder != holder:
        return None
    return LeaseState(holder, now + seconds, state.payload)


def released(state: LeaseState | None, holder: str, payload: bytes) -> LeaseState | None:
    """The lease let go, with what the holder leaves; ``None`` when it is no longer the holder's."""
    if state is None or state.holder != holder:
        return None
    return LeaseState(NOBODY, 0.0, payload)
