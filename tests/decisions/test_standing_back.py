"""Who waits for whose name in one drain."""

from __future__ import annotations

from provisioning.apply.naming import Blocked
from provisioning.apply.standing_back import StandingBack, Step
from provisioning.model import EntraId, Key, ObjectType

A, B, C = (Key(ObjectType.USER, EntraId(id)) for id in "abc")


def test_nobody_waits_at_first() -> None:
    waits = StandingBack()
    waits.worked(A)
    assert A not in waits


def test_a_newcomer_waits_until_the_holder_has_worked_and_tries_once() -> None:
    waits = StandingBack()
    assert waits.blocked(A, Blocked(B)) is Step.WAIT
    assert A in waits
    assert B not in waits
    waits.worked(C)
    assert A in waits
    waits.worked(B)
    assert A not in waits
    assert waits.blocked(A, Blocked(B)) is Step.HOPELESS
    assert A not in waits


def test_a_holder_who_waits_keeps_those_behind_it() -> None:
    waits = StandingBack()
    waits.blocked(A, Blocked(B))
    waits.blocked(B, Blocked(C))
    waits.worked(B)  # It could not: it waits itself.
    assert A in waits
    waits.worked(C)
    waits.worked(B)
    assert A not in waits


def test_who_closes_a_ring_works_twice_before_anybody_goes_on() -> None:
    waits = StandingBack()
    waits.blocked(A, Blocked(B))
    waits.blocked(B, Blocked(C))
    assert waits.blocked(C, Blocked(A)) is Step.RING
    assert C not in waits
    waits.worked(C)
    assert B in waits
    waits.worked(C)
    assert B not in waits


def test_a_holder_gives_its_name_up_once() -> None:
    waits = StandingBack()
    assert waits.blocked(A, Blocked(B, gives_up=True)) is Step.GIVE_UP
    waits.giving_up(B)
    waits.worked(B)
    assert A in waits
    waits.worked(B)
    assert waits.blocked(A, Blocked(B, gives_up=True)) is Step.HOPELESS
    assert waits.blocked(C, Blocked(B, gives_up=True)) is Step.WAIT


def test_when_nobody_is_at_work_all_who_wait_try_once_more() -> None:
    waits = StandingBack()
    waits.blocked(A, Blocked(B))
    waits.blocked(C, Blocked(B, gives_up=True))
    waits.give_up_waiting()
    assert A not in waits
    assert C not in waits
    assert waits.blocked(A, Blocked(B)) is Step.HOPELESS
    assert waits.blocked(C, Blocked(B, gives_up=True)) is Step.HOPELESS
