"""What the tests of the development host share.

The worker library exists for Python 3.13 only: tests of the whole host are reported as not run
below.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest

from tests.servers import azurite

collect_ignore_glob = ["test_serve*.py"] if sys.version_info < (3, 13) else []


@pytest.fixture(scope="session")
def storage() -> Iterator[str]:
    """The connection string of an Azurite that runs for the session."""
    with azurite.running() as storage:
        yield storage.environ["AzureWebJobsStorage"]
