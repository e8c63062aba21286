"""Sorted keys and key ranges, at sizes that make blocks split and vanish."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from provisioning.rows.key_range import KeyRange
from provisioning.rows.sorted_keys import SortedKeys
from tests.state.contract import CHARACTERS

_TEXTS = st.text(CHARACTERS, max_size=4)


def test_thousands_of_keys_stay_in_order() -> None:
    chance = random.Random(7)
    keys = SortedKeys()
    known: set[str] = set()
    for number in chance.sample(range(10_000), 10_000):
        keys.add(f"{number:05d}")
        known.add(f"{number:05d}")
    # Blocks stay small, or each change would move all keys.
    assert max(len(block) for block in keys._blocks) <= 2_000
    for key in chance.sample(sorted(known), 9_000):
        keys.drop(key)
        known.discard(key)
    expected = sorted(known)
    assert list(keys.between(KeyRange("", None))) == expected
    assert list(keys.between(KeyRange("", None), reverse=True)) == expected[::-1]
    for low, high in (("0", "1"), ("02500", "07500"), ("09999", None), ("5", "4"), ("9", "a")):
        part = [key for key in expected if key >= low and (high is None or key < high)]
        assert list(keys.between(KeyRange(low, high))) == part
        assert keys.count(KeyRange(low, high)) == len(part)
    for key in expected:
        keys.drop(key)
    assert list(keys.between(KeyRange("", None))) == []
    assert keys.count(KeyRange("", None)) == 0
    assert keys._blocks == []


@given(_TEXTS, _TEXTS, _TEXTS, st.booleans())
def test_a_range_holds_the_keys_that_a_scan_means(
    key: str, prefix: str, after: str, reverse: bool
) -> None:
    keys = KeyRange.of(prefix, after, reverse=reverse)
    inside = key >= keys.low and (keys.high is None or key < keys.high)
    beyond = not after or (key < after if reverse else key > after)
    assert inside == (key.startswith(prefix) and beyond)


@given(st.text(max_size=3), st.text(max_size=3))
def test_code_points_order_as_their_bytes_do(one: str, other: str) -> None:
    """What lets Python compare strings where SQLite compares UTF-8."""
    assert (one < other) == (one.encode() < other.encode())
