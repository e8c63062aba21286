"""App roles in a mapping: whose they are, also by a group, and what follows when they change."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from provisioning.mapping import CompiledSchema
from simulator.entra import Tenant
from simulator.entra.model import AppRole
from tests.mapping.schemas import attribute, compiled, expression
from tests.scenarios.simulation import simulate
from tests.scenarios.steps import SETTLE, account, user
from tests.scenarios.world import World

DEPARTMENT = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department"


def schema() -> CompiledSchema:
    """The shipped mapping, with the app role as department."""

    def change(export: dict[str, Any]) -> None:
        source = expression("SingleAppRoleAssignment([appRoleAssignments])")
        attribute(export, DEPARTMENT)["source"] = source

    with TemporaryDirectory() as folder:
        return compiled(Path(folder), change)


def office() -> Tenant:
    """One assigned with a role, one by a group with another, and one by both."""
    tenant = Tenant.empty()
    people = [tenant.add_user(f"user{n}@example.com", displayName=f"User {n}") for n in range(3)]
    roles = tenant.service_principal.app_roles
    auditor = AppRole(tenant.new_id(), "Auditor", "Auditor")
    tenant.update_service_principal(appRoles=(*roles, auditor))
    tenant.assign(people[0], "User")
    tenant.assign(people[2], "User")
    tenant.assign(tenant.add_group("Audit", people[1:]), "Auditor")
    return tenant


def departments(world: World) -> list[str]:
    return [account(world, number).department for number in range(3)]


def test_a_role_is_mapped_and_followed() -> None:
    async def story(world: World) -> None:
        await world.cycle()
        # Of two roles the first by value.
        assert departments(world) == ["User", "Auditor", "Auditor"]
        await world.clock.sleep(SETTLE)
        assert (await world.cycle()).counts.writes == 0
        world.tenant.assign(user(world, 0), "Auditor")
        record = await world.cycle()
        assert (departments(world)[0], record.counts.updated) == ("Auditor", 1)

    simulate(story, tenant=office, schema=schema())


def test_a_role_with_another_value_reaches_everybody_who_has_it() -> None:
    async def story(world: World) -> None:
        await world.cycle()
        await world.clock.sleep(SETTLE)
        roles = [
            dataclasses.replace(role, value="Reviewer") if role.value == "Auditor" else role
            for role in world.tenant.service_principal.app_roles
        ]
        world.tenant.update_service_principal(appRoles=tuple(roles))
        record = await world.cycle()
        assert departments(world) == ["User", "Reviewer", "Reviewer"]
        assert record.counts.updated == 2
        await world.clock.sleep(SETTLE)
        assert (await world.cycle()).counts.writes == 0

    simulate(story, tenant=office, schema=schema())
