"""ZSCloud as Entra's built-in provisioning job leaves it, made from its documented rules alone.

Direct members of assigned groups and who is assigned themselves; `objectId` as externalId; empty
values are not written; leavers are switched off and keep their memberships.
"""

from __future__ import annotations

from simulator.entra import Tenant
from tests.scenarios.steps import user
from tests.scenarios.world import World


def company() -> Tenant:
    """Two assigned groups, one of them with a group within, a guest, and some assigned directly."""
    tenant = Tenant.empty()
    people = [
        tenant.add_user(
            f"user{n}@example.com",
            displayName=f"User {n}",
            givenName="User",
            surname=str(n),
            department="Sales" if n % 2 else None,
        )
        for n in range(14)
    ]
    guest = tenant.add_user(
        "guest_example.com#EXT#@company.onmicrosoft.com", displayName="Guest", userType="Guest"
    )
    inner = tenant.add_group("Inner", people[10:12])
    sales = tenant.add_group("Sales", [*people[:5], guest, inner])
    both = tenant.add_group("Both", people[3:7])
    for id in (sales, both, people[7], people[8], people[9]):
        tenant.assign(id, "User")
    return tenant


def provision_as_built_in(world: World) -> None:
    """All its cycles so far. Three people have left since: disabled, unassigned, deleted."""
    tenant, zscloud = world.tenant, world.zscloud
    disabled, unassigned, deleted = (user(world, number) for number in (4, 9, 6))
    groups = tenant.groups.current()
    names = {id: _create(world, id) for id in sorted(tenant.effective_users())}
    for id in sorted(tenant.effective_groups()):
        zscloud.create_group(displayName=groups[id].display_name, externalId=id)
        members = [names[each] for each in sorted(tenant.member_users(id)) if each in names]
        zscloud.edit_members(groups[id].display_name, add=members)
    tenant.disable(disabled)
    tenant.unassign(unassigned)
    tenant.delete(deleted)
    for left in (disabled, unassigned, deleted):
        zscloud.edit_user(names[left], active=False)
    # Not all in ZSCloud is its own.
    zscloud.create_user(userName="robot@example.com", displayName="A robot", active=True)
    zscloud.create_group(displayName="Made by hand")


def _create(world: World, id: str) -> str:
    """An account as it makes one: the userName of a guest is the one at home."""
    person = world.tenant.users.current()[id]
    local, mark, _ = person.user_principal_name.partition("#EXT#")
    name = "@".join(local.rsplit("_", 1)) if mark else person.user_principal_name
    values = {"displayName": person.display_name, "department": person.department}
    document = {key: value for key, value in values.items() if value}
    full = {"givenName": person.given_name, "familyName": person.surname}
    if given := {key: value for key, value in full.items() if value}:
        document["name"] = given
    world.zscloud.create_user(userName=name, externalId=id, active=True, **document)
    return name
