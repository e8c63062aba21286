"""Lets go of what killed programs left behind, before another test can stumble over it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.simulated_time import discard_abandoned


@pytest.fixture(autouse=True)
def _nothing_left_behind() -> Iterator[None]:
    yield
    discard_abandoned()
