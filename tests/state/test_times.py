"""Keys that begin with a time."""

from __future__ import annotations

import pytest

from provisioning.errors import StateDamaged
from provisioning.rows.times import time_of, timed


@pytest.mark.parametrize("at", [0.0, 12.5, 1_700_000_000.125, 9_999_999_999.0])
def test_the_time_comes_back(at: float) -> None:
    assert time_of("job:reread", timed(at, "user/1")) == at


def test_rows_lie_in_the_order_of_their_times() -> None:
    times = [0.001, 9.0, 10.0, 999_999_999.0, 1_700_000_000.0]
    assert sorted(timed(at, "x") for at in times) == [timed(at, "x") for at in times]


def test_a_key_is_stored_as_it_always_was() -> None:
    """Rows of the version before are found, and taken off, by their keys."""
    assert timed(1_700_000_000.125, "user/1") == "0001700000000.125/user/1"


@pytest.mark.parametrize("key", ["user/1", "/user/1", "nan/user/1", "-inf/x", "1e999", "12 h/x"])
def test_a_key_without_a_time_names_the_row_and_the_remedy(key: str) -> None:
    with pytest.raises(StateDamaged) as caught:
        time_of("job:link_leaving", key)
    assert f"the row {key!r} of 'job:link_leaving' cannot be read" in str(caught.value)
    assert "Restore a backup" in str(caught.value)
