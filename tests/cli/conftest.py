from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.cli.world import World, connected, small_tenant


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    """Two small tenants, and a folder for the program to run in."""
    async with connected(small_tenant(), tmp_path) as made:
        yield made
