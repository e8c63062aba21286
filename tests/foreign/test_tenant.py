"""What the stories believe of a server is what it holds."""

from __future__ import annotations

import asyncio

from tests.foreign.recording import RecordingTransport
from tests.foreign.target import Target
from tests.foreign.tenant import ENTERPRISE, Account, ForeignTenant, Group
from tests.servers.launch import ScimServer
from tests.servers.observations.observation import full_user_body, group_body


def emptied(server: ScimServer) -> ForeignTenant:
    """The emptied server."""
    asyncio.run(server.reset())
    return ForeignTenant(server, RecordingTransport())


def test_it_shows_users_as_they_are_now(server: ScimServer) -> None:
    tenant = emptied(server)
    assert list(tenant.users) == []
    body = full_user_body("ada")
    id = tenant.by_hand("POST", "/Users", {**body, "active": False})["id"]
    shown = tenant.users.by_user_name(body["userName"].upper())
    assert shown == Account(
        id=id,
        user_name=body["userName"],
        external_id=body["externalId"],
        display_name=body["displayName"],
        department=body[ENTERPRISE]["department"],
        active=False,
    )
    tenant.by_hand("DELETE", f"/Users/{id}")
    assert tenant.users.by_user_name(body["userName"]) is None


def test_it_shows_members_and_what_is_left_of_them(server: ScimServer, target: Target) -> None:
    tenant = emptied(server)
    grace, ada = (
        tenant.create_user(userName=f"{name}@example.com", displayName=name, department="Sales")
        for name in ("grace", "ada")
    )
    id = tenant.by_hand("POST", "/Groups", group_body("Sales", [grace.id, ada.id]))["id"]
    assert tenant.members("sales") == ("ada@example.com", "grace@example.com")
    tenant.by_hand("DELETE", f"/Users/{ada.id}")
    left = () if target.profile.delete_ends_membership else (ada.id,)
    assert tenant.members("Sales") == tuple(sorted(("grace@example.com", *left)))
    tenant.by_hand("DELETE", f"/Groups/{id}")
    assert tenant.groups.by_display_name("Sales") is None


def test_it_names_groups_that_are_there_twice(server: ScimServer, target: Target) -> None:
    tenant = emptied(server)
    tenant.by_hand("POST", "/Groups", group_body("Sales"))
    assert tenant.groups.duplicates() == {}
    if not target.profile.group_display_name_unique:
        tenant.by_hand("POST", "/Groups", group_body("sales"))
    shared = tenant.groups.duplicates()
    assert set(shared) == (set() if target.profile.group_display_name_unique else {"sales"})
    assert all(isinstance(each, Group) for groups in shared.values() for each in groups)
