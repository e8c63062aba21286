"""One server of each kind for the whole run of this folder."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.foreign.target import Target, load_targets
from tests.servers.launch import SERVERS, ScimServer, running


@pytest.fixture(scope="session", params=SERVERS)
def server(request: pytest.FixtureRequest) -> Iterator[ScimServer]:
    with running(request.param) as server:
        yield server


@pytest.fixture
def target(server: ScimServer) -> Target:
    """What that server can do."""
    return load_targets()[server.name]
