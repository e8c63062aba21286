"""A failing script is made small, whatever it takes to fail."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import pytest

from tests.soak.script import Event, Script, make
from tests.soak.shrink import shrink


@pytest.mark.parametrize("needed", [{0}, {7}, {99}, {3, 60}, {1, 2, 50, 98}])
def test_only_what_is_needed_is_left(needed: set[int]) -> None:
    left = shrink(range(100), lambda some: needed <= set(some), tries=1000)
    assert set(left) == needed


def test_the_order_stays() -> None:
    left = shrink(range(50), lambda some: sum(some) >= 90, tries=1000)
    assert left == sorted(left)
    assert sum(left) >= 90


def test_it_ends_when_the_tries_are_used_up() -> None:
    count = 0

    def fails(some: Sequence[int]) -> bool:
        nonlocal count
        count += 1
        return 5 in some

    left = shrink(range(1000), fails, tries=3)
    assert 5 in left
    assert count == 3


def test_a_script_follows_from_its_seed_and_can_be_stored() -> None:
    script = make(7, 168.0)
    assert script == make(7, 168.0)
    assert script != make(8, 168.0)
    assert msgspec.json.decode(msgspec.json.encode(script), type=Script) == script
    times = [event.at for event in script.events]
    assert times == sorted(times)
    assert {event.kind for event in script.events} >= {"quiet", "kill_write", "fault"}
    assert str(Event(1.0, "join", {"g": 1})) == "       1.0  join g=1"
