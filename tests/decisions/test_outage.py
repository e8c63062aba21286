"""Whether one object cannot be reached, or ZSCloud cannot."""

from __future__ import annotations

from provisioning.apply.outage import Follow, Outage
from provisioning.errors import NotReached, RemoteUnavailable
from provisioning.model import EntraId, Key, ObjectType

AWAY = NotReached("ZSCloud", "POST /Users", "connection refused")
FAILED = RemoteUnavailable("ZSCloud", "POST /Users", "503")


def key(name: str) -> Key:
    return Key(ObjectType.USER, EntraId(name))


def test_one_that_fails_again_and_again_is_set_aside_while_others_get_through() -> None:
    outage = Outage()
    follows = []
    for _ in range(3):
        follows.append(outage.missed(key("ada"), FAILED))
        outage.got_through()
    assert follows == [Follow.LATER, Follow.LATER, Follow.SET_ASIDE]


def test_five_in_a_row_are_nobody_s_own_fault() -> None:
    outage = Outage()
    follows = [outage.missed(key(name), FAILED) for name in ("a", "b", "c", "d", "e")]
    assert follows == [Follow.LATER] * 4 + [Follow.END]


def test_one_that_finds_nobody_there_is_not_set_aside() -> None:
    outage = Outage()
    follows = [outage.missed(key("ada"), AWAY) for _ in range(3)]
    assert follows == [Follow.LATER, Follow.LATER, Follow.END]


def test_whoever_got_through_ends_the_row() -> None:
    outage = Outage()
    for name in ("a", "b", "c", "d"):
        outage.missed(key(name), FAILED)
    outage.got_through()
    assert outage.missed(key("e"), FAILED) is Follow.LATER
