"""Every entry of every profile is true of the running server."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import pytest

from tests.servers.launch import SERVERS, ScimServer, running
from tests.servers.observations import OBSERVATIONS
from tests.servers.profile import ENTRIES, PROFILES, load_profiles


@pytest.fixture(scope="module", params=SERVERS)
def server(request: pytest.FixtureRequest) -> Iterator[ScimServer]:
    with running(request.param) as server:
        yield server


@pytest.mark.parametrize("entry", ENTRIES)
async def test_entry_is_true_of_the_server(server: ScimServer, entry: str) -> None:
    await server.reset()
    observed = await OBSERVATIONS[entry](server.client)
    claimed = getattr(load_profiles()[server.name], entry)
    assert claimed == (tuple(observed) if isinstance(observed, list) else observed)


def test_each_entry_has_one_observation() -> None:
    assert sorted(OBSERVATIONS) == sorted(ENTRIES)


def test_each_server_has_one_profile() -> None:
    assert sorted(load_profiles()) == sorted(SERVERS)


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        (("requires_domain = true", "requires_domain = 1"), "requires_domain"),
        (("requires_domain = true", ""), "requires_domain"),
        (("requires_domain = true", "requires_domain = true\nrequires_mail = true"), "mail"),
        (("[better-auth]", "[worse-auth]"), "worse-auth"),
    ],
    ids=["wrong type", "missing", "unknown entry", "unknown server"],
)
def test_wrong_profile_is_refused(
    tmp_path_factory: pytest.TempPathFactory, changed: tuple[str, str], problem: str
) -> None:
    path = tmp_path_factory.mktemp("profiles") / "profiles.toml"
    path.write_text(PROFILES.read_text().replace(*changed))
    with pytest.raises(msgspec.ValidationError, match=problem):
        load_profiles(path)
