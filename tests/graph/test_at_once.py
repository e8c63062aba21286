"""Several reads at a time, and one error."""

from __future__ import annotations

import asyncio

import pytest

from provisioning.errors import RemoteUnavailable
from provisioning.graph.at_once import some_at_once


async def test_nothing_is_read_for_nobody() -> None:
    async def read(one: int) -> None:
        raise AssertionError(one)

    await some_at_once(read, [], 3)


async def test_no_more_than_allowed_and_in_order() -> None:
    running, most, begun = 0, 0, []

    async def read(one: int) -> None:
        nonlocal running, most
        begun.append(one)
        running += 1
        most = max(most, running)
        await asyncio.sleep(0)
        running -= 1

    await some_at_once(read, range(20), 3)
    assert begun == list(range(20))
    assert most == 3


async def test_the_first_error_ends_all() -> None:
    """As itself, not in a group: who reads asks for its kind."""
    done = []

    async def read(one: int) -> None:
        if one == 1:
            raise RemoteUnavailable("Graph", "GET /users", "gone")
        await asyncio.Event().wait()
        done.append(one)

    with pytest.raises(RemoteUnavailable, match="gone"):
        await some_at_once(read, range(9), 3)
    assert done == []
