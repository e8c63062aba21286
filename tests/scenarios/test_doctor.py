"""``doctor`` names each of the faults that are seeded here, with its remedy, and nothing else."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from provisioning.model import DEFAULT_ACCESS
from provisioning.operations.checks import exit_status
from provisioning.operations.doctor import examine
from provisioning.operations.documents import Document
from provisioning.operations.subscriptions import ensure
from tests.scenarios.simulation import simulate
from tests.scenarios.steps import office, provisioned, user
from tests.scenarios.test_subscriptions import SETTINGS
from tests.scenarios.world import World

DAY = 86_400.0
SETUP = {
    **SETTINGS,
    "ZSCLOUD_REQUESTS_PER_SECOND": "5",
    "ALERT_WEBHOOK": "https://alerts.example.com/hook",
    "ZSCLOUD_MEMBER_REMOVAL": "filter",
}


async def well(world: World) -> None:
    """Everybody is provisioned, and Graph tells of changes."""
    await provisioned(world)
    await ensure(world.services())


async def checks(world: World) -> dict[str, Document]:
    document = await examine(world.services())
    return {check["name"]: check for check in document["checks"]}


def tell(story: Callable[[World], Any], **options: Any) -> Any:
    return simulate(story, tenant=office, **{**SETUP, **options})


def test_where_all_is_well_nothing_is_found_and_nothing_is_left() -> None:
    async def story(world: World) -> None:
        await well(world)
        asked = len(world.scim())
        document = await examine(world.services())
        assert [c for c in document["checks"] if c["status"] not in ("ok", "skipped")] == []
        assert document["ok"]
        assert exit_status(document) == 0
        assert len(world.scim()) - asked <= 4
        assert [r.method for r in world.scim()[asked:] if r.method != "GET"] == []
        assert await world.store.count("doctor") == 0

    tell(story)


def test_before_the_first_cycle_nothing_fails() -> None:
    async def story(world: World) -> None:
        document = await examine(world.services())
        failed = [c["name"] for c in document["checks"] if c["status"] == "failed"]
        assert failed == []
        assert {c["name"] for c in document["checks"] if c["status"] == "warning"} == {
            "Graph: subscriptions"
        }

    tell(story)


@dataclass(frozen=True)
class Fault:
    """What is done to a world, and what is found of it."""

    name: str
    strike: Callable[[World], Any]
    check: str
    says: str
    remedy: str
    status: str = "failed"
    exits: int = 2
    settings: dict[str, str] = field(default_factory=dict)


def entra(**knobs: Any) -> Callable[[World], Any]:
    return lambda world: world.set_entra(**knobs)


def setting(name: str, value: str) -> Callable[[World], Any]:
    return lambda world: world.environ.update({name: value})


def refused(permission: str) -> Callable[[World], Any]:
    return entra(missing_permissions=frozenset({permission}))


def disable_application(world: World) -> None:
    world.tenant.update_service_principal(accountEnabled=False)


def default_access_only(world: World) -> None:
    for assignment in list(world.tenant.assignments.current().values()):
        world.tenant.unassign(assignment.id)
        world.tenant.assign(assignment.principal_id, DEFAULT_ACCESS)


def nobody_assigned(world: World) -> None:
    for assignment in list(world.tenant.assignments.current().values()):
        world.tenant.unassign(assignment.id)


def wrong_token(world: World) -> None:
    world.token = "of-yesterday"


def ended_token(world: World) -> None:
    claims = base64.urlsafe_b64encode(json.dumps({"exp": 1_000_000_000}).encode()).decode()
    world.token = f"e30.{claims.rstrip('=')}.x"


def wrong_path(world: World) -> None:
    world.scim_url = world.scim_url.replace("/5678/", "/5679/")


async def wrong_domain(world: World) -> None:
    stranger = world.tenant.add_user("eve@example.net", displayName="Eve", surname="S")
    world.tenant.assign(stranger, "User")
    await world.clock.sleep(600)
    await world.cycle()


async def hours_pass(world: World) -> None:
    await world.clock.sleep(3 * 3600)


def no_subscription(world: World) -> None:
    for one in world.entra.subscriptions.living():
        world.entra.subscriptions.forget(one.id)


async def throttled(world: World) -> None:
    world.zscloud.set_faults(fail_share=0.7, fail_status=429)
    for number in (3, 4, 5, 6):
        world.tenant.update_user(user(world, number), department=f"Moved {number}")
    await world.clock.sleep(600)
    await world.cycle()
    world.zscloud.set_faults(fail_share=0.0)


async def quarantined(world: World) -> None:
    token, world.token = world.token, "of-yesterday"
    world.tenant.update_user(user(world, 3), department="Moved")
    await world.clock.sleep(600)
    await world.cycle()
    world.token = token


FAULTS = [
    Fault(
        "switched off",
        setting("PROVISIONING_STATUS", "off"),
        *("Settings: switch", "'off'", "PROVISIONING_STATUS=on"),
        status="warning",
    ),
    Fault(
        "too fast",
        setting("ZSCLOUD_REQUESTS_PER_SECOND", "20"),
        *("Settings: pace", "20 a second", "set it to 5"),
        status="warning",
    ),
    Fault(
        "no brake",
        setting("DELETION_THRESHOLD_PERCENT", "100"),
        *("Settings: brake", "is 100", "such as 10"),
        status="warning",
    ),
    Fault(
        "nobody is told",
        setting("ALERT_WEBHOOK", ""),
        *("Settings: alarms", "neither mail nor webhook", "ALERT_EMAIL"),
        status="warning",
    ),
    Fault(
        "application disabled",
        disable_application,
        *("Graph: enterprise application", "disabled", "Enable it"),
    ),
    Fault(
        "wrong application",
        setting("ENTRA_SERVICE_PRINCIPAL_ID", "00000000-0000-0000-0000-000000000009"),
        *("Graph: enterprise application", "no enterprise application", "object id"),
    ),
    Fault(
        "Application.Read.All",
        refused("Application.Read.All"),
        *("Graph: enterprise application", "403", "Application.Read.All"),
        exits=4,
    ),
    Fault(
        "User.Read.All",
        refused("User.Read.All"),
        *("Graph: users (User.Read.All)", "403", "User.Read.All"),
        exits=4,
    ),
    Fault(
        "withheld attributes",
        entra(blank_properties=("accountEnabled",)),
        *("Graph: users (User.Read.All)", "accountEnabled", "User.Read.All"),
        exits=4,
    ),
    Fault(
        "GroupMember.Read.All",
        refused("GroupMember.Read.All"),
        *("Graph: groups (GroupMember.Read.All)", "403", "GroupMember.Read.All"),
        exits=4,
    ),
    Fault(
        "Graph is down",
        entra(error_share=1.0),
        *("Graph: enterprise application", "503", "tried again"),
        exits=4,
    ),
    Fault(
        "nobody is assigned",
        nobody_assigned,
        *("Graph: assignments", "Nobody is assigned", "app role"),
        status="warning",
    ),
    Fault(
        "Default Access",
        default_access_only,
        *("Graph: assignments", "Default Access", "DEFAULT_ACCESS=include"),
    ),
    Fault(
        "no subscription",
        no_subscription,
        *("Graph: subscriptions", "users and groups", "subscriptions ensure"),
        status="warning",
    ),
    Fault(
        "token refused",
        wrong_token,
        *("ZSCloud: token and filter", "401", "ZSCLOUD_SCIM_TOKEN"),
        exits=4,
    ),
    Fault(
        "token ended",
        ended_token,
        *("Settings: end of the ZSCloud token", "expired", "Generate Token"),
    ),
    Fault(
        "wrong URL",
        wrong_path,
        *("ZSCloud: discovery", "404", "ZSCLOUD_SCIM_BASE_URL"),
    ),
    Fault(
        "ZSCloud is down",
        lambda world: world.zscloud.set_faults(fail_share=1.0, fail_status=503),
        *("ZSCloud: discovery", "503", "tried again"),
        exits=4,
    ),
    Fault(
        "429",
        throttled,
        *("ZSCloud: throttling", "429", "built-in provisioning"),
        status="warning",
    ),
    Fault(
        "domain",
        wrong_domain,
        *("ZSCloud: domains", "example.net", "Zscaler Support"),
    ),
    Fault(
        "quarantine",
        quarantined,
        *("ZSCloud: quarantine", "401", "ZSCLOUD_SCIM_TOKEN"),
    ),
    Fault(
        "queue is down",
        lambda world: setattr(world.queue, "is_down", True),
        *("State: queue", "down", "timer"),
        exits=4,
    ),
    Fault(
        "webhook is down",
        lambda world: setattr(world.webhook, "down", True),
        *("Webhook", "503", ""),
    ),
    Fault(
        "slow clock",
        entra(clock_ahead=90.0),
        *("Clock", "seconds behind", "NTP"),
    ),
    Fault(
        "fast clock",
        entra(clock_ahead=-20.0),
        *("Clock", "seconds ahead of", "NTP"),
        status="warning",
    ),
    Fault(
        "no timer",
        hours_pass,
        *("Timers", "180 minutes ago", "CYCLE_SCHEDULE"),
        status="warning",
    ),
]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_each_fault_is_named_with_its_remedy(fault: Fault) -> None:
    async def story(world: World) -> None:
        await well(world)
        struck = fault.strike(world)
        if struck is not None:
            await struck
        document = await examine(world.services())
        found = {check["name"]: check for check in document["checks"]}[fault.check]
        assert found["status"] == fault.status, found
        assert fault.says in found["detail"], found
        assert fault.remedy in found["remedy"], found
        assert exit_status(document) == (fault.exits if fault.status == "failed" else 0)
        assert document["ok"] is (fault.status != "failed")

    tell(story)


def test_a_system_that_does_not_answer_is_not_waited_for_again() -> None:
    async def story(world: World) -> None:
        await well(world)
        world.set_entra(error_share=1.0)
        found = await checks(world)
        assert found["Graph: users (User.Read.All)"]["status"] == "skipped"
        assert "enterprise application" in found["Graph: users (User.Read.All)"]["detail"]
        assert found["ZSCloud: list"]["status"] == "ok"

    tell(story)


def test_a_store_of_another_job_is_named() -> None:
    async def story(world: World) -> None:
        await well(world)
        world.scim_url = world.scim_url.replace("/1234/", "/4321/")
        found = await checks(world)
        assert found["State: job"]["status"] == "failed"
        assert "--take-over" in found["State: job"]["remedy"]

    tell(story)
