"""What the tests of ``WriteBehind`` share."""

from __future__ import annotations

import pytest

from provisioning.rows.buffer import WriteBehind
from tests.state.clock import ManualClock
from tests.state.scripted import Scripted


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def base() -> Scripted:
    return Scripted()


@pytest.fixture
def store(base: Scripted, clock: ManualClock) -> WriteBehind:
    return WriteBehind(base, clock)
