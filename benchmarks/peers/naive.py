"""What one writes first: list, create what is missing, correct what differs, disable who is left.

A synchronizer over scim2-client, one request after the other: no pace, no retry, no state, no
brake. The first error ends it.
"""

from __future__ import annotations

from typing import Any

from httpx2 import Client
from scim2_client.engines.httpx2 import SyncSCIMClient
from scim2_models import SearchRequest

from benchmarks.peers.wanted import ENTERPRISE, Person, Said, Wanted
from benchmarks.servers import ZSCloud

_PAGE = 1000


def synchronize(zscloud: ZSCloud, source: Wanted) -> Said:
    """Makes the tenant as the source says; what it gave up for, or nothing."""
    headers = {"Authorization": f"Bearer {zscloud.token}"}
    with Client(base_url=zscloud.url, headers=headers, timeout=60) as http:
        client = SyncSCIMClient(http)
        try:
            client.discover()
            _groups(client, source, _users(client, source))
        except Exception as error:  # noqa: BLE001  whatever it is, a script ends there
            return Said(f"gives up: {type(error).__name__}")
    return Said()


def _users(client: SyncSCIMClient, source: Wanted) -> dict[str, str]:
    model: Any = client.get_resource_model("User")
    present = {user.user_name: user for user in _all(client, model)}
    ids: dict[str, str] = {}
    for person in source.people:
        there = present.get(person.name)
        document = _document(person)
        if there is None:
            ids[person.name] = client.create(model.model_validate(document)).id  # type: ignore[union-attr]
            continue
        ids[person.name] = there.id
        if not there.active or _shown(there) != (person.display_name, person.department):
            client.replace(model.model_validate({**document, "id": there.id}))
    wanted = {person.name for person in source.people}
    for name, user in present.items():
        if name not in wanted and user.external_id and user.active:
            # Others are not of its making. Like the program and the service of Entra it disables.
            document = user.model_dump(exclude={"meta", "groups"})
            client.replace(model.model_validate({**document, "active": False}))
    return ids


def _document(person: Person) -> dict[str, Any]:
    return {
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User", ENTERPRISE],
        "userName": person.name,
        "externalId": person.name,
        "displayName": person.display_name,
        "active": True,
        ENTERPRISE: {"department": person.department},
    }


def _shown(user: Any) -> tuple[str, str]:
    document = user.model_dump()
    return document.get("displayName", ""), document.get(ENTERPRISE, {}).get("department", "")


def _groups(client: SyncSCIMClient, source: Wanted, ids: dict[str, str]) -> None:
    model: Any = client.get_resource_model("Group")
    present = {group.display_name: group for group in _all(client, model)}
    for name, members in source.groups.items():
        references = sorted(ids[member] for member in members)
        there = present.get(name)
        if there is not None and references == sorted(m.value for m in there.members or ()):
            continue
        document = {"displayName": name, "members": [{"value": id} for id in references]}
        if there is None:
            client.create(model.model_validate(document))
        else:
            client.replace(model.model_validate({**document, "id": there.id}))


def _all(client: SyncSCIMClient, model: Any) -> list[Any]:
    found: list[Any] = []
    while True:
        page: Any = client.query(
            model, query_parameters=SearchRequest(start_index=len(found) + 1, count=_PAGE)
        )
        found += page.resources or []
        if not page.resources or len(found) >= page.total_results:
            return found
