"""What one writes first: list, create what is missing, one request after the other.

A synchronizer over scim2-client, the practical peer: no pace, no retry, no state, no deletion.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from httpx2 import Client
from scim2_client.engines.httpx2 import SyncSCIMClient
from scim2_models import SearchRequest

from benchmarks.servers import ZSCloud

_PAGE = 100


@dataclass(frozen=True, slots=True)
class Wanted:
    """What should be there: people by user name, and groups as user names by display name."""

    people: Mapping[str, str]
    groups: Mapping[str, Sequence[str]]


def wanted(users: int, departments: int) -> Wanted:
    """The same company as the program's, by its names."""
    names = [f"user{number}@example.com" for number in range(users)]
    groups = {f"Dept {number}": names[number::departments] for number in range(departments)}
    return Wanted(
        {name: f"User {number}" for number, name in enumerate(names)}, {"All": names, **groups}
    )


def synchronize(zscloud: ZSCloud, source: Wanted) -> float:
    """Creates what is missing; the seconds that it took."""
    headers = {"Authorization": f"Bearer {zscloud.token}"}
    began = time.perf_counter()
    with Client(base_url=zscloud.url, headers=headers) as http:
        client = SyncSCIMClient(http)
        client.discover()
        ids = _users(client, source)
        _groups(client, source, ids)
    return time.perf_counter() - began


def _users(client: SyncSCIMClient, source: Wanted) -> dict[str, str]:
    model: Any = client.get_resource_model("User")
    ids = {user.user_name: user.id for user in _all(client, model)}
    for name, shown in source.people.items():
        if name not in ids:
            made: Any = client.create(model(user_name=name, display_name=shown, active=True))
            ids[name] = made.id
    return ids


def _groups(client: SyncSCIMClient, source: Wanted, ids: Mapping[str, str]) -> None:
    model: Any = client.get_resource_model("Group")
    present = {group.display_name for group in _all(client, model)}
    for name, members in source.groups.items():
        if name not in present:
            references = [{"value": ids[member]} for member in members]
            client.create(model.model_validate({"displayName": name, "members": references}))


def _all(client: SyncSCIMClient, model: Any) -> list[Any]:
    found: list[Any] = []
    while True:
        page: Any = client.query(
            model, query_parameters=SearchRequest(start_index=len(found) + 1, count=_PAGE)
        )
        found += page.resources or []
        if not page.resources or len(found) >= page.total_results:
            return found
