"""A job that cannot work waits with short probes, and goes on where it was."""

from __future__ import annotations

import asyncio
import itertools
import logging
from typing import Any

import pytest

from provisioning.operations import token, work
from provisioning.operations.status import status
from provisioning.quarantine import Cause, Quarantine, QuarantineEntry
from provisioning.record import CycleKind, CycleStatus
from provisioning.scim.transport import NotSent
from provisioning.services import Services
from tests.decisions.test_token_expiry import web_token
from tests.scenarios.pump import execute_next
from tests.scenarios.simulation import Saga, simulate
from tests.scenarios.steps import account, assigned, everybody, office, provisioned, user
from tests.scenarios.world import World

WRITES = ("POST", "PUT", "PATCH", "DELETE")
DAY = 86_400.0


async def deployed(
    world: World, seconds: float, *, every: float = 300.0, process: Services | None = None
) -> None:
    """A deployment for so long: its timer and its queue. Each execution is a process that has
    the settings of that moment, and only the store lasts, unless one ``process`` does it all.
    """
    end = world.clock.time() + seconds
    tick = world.clock.time()
    executions = 0
    while True:
        waiting = min((message[0] for message in world.queue.messages), default=end)
        at = min(waiting, tick)
        if at >= end:
            break
        await world.clock.sleep(max(0.0, at - world.clock.time()))
        services = process or world.services()
        if tick <= waiting:
            await work.tick(services, CycleKind.INCREMENTAL)
            tick = world.clock.time() + every
        else:
            await execute_next(world, services)
        executions += 1
        assert executions < 20 + 4 * seconds / every + seconds / 60, "it spins"
    await world.clock.sleep(max(0.0, end - world.clock.time()))


class Nobody:
    """A name that nobody knows."""

    async def request(self, *_: Any) -> Any:
        raise NotSent("Name or service not known")


async def entry(world: World) -> QuarantineEntry | None:
    services = world.services()
    return await Quarantine(services.store, services.settings.job).get()


async def told(world: World) -> Any:
    return await status(world.services())


def gaps(world: World, since: float) -> list[float]:
    """Seconds from each request to the one after it, the first from ``since`` on."""
    times = [since, *(request.time for request in world.scim())]
    return [after - before for before, after in itertools.pairwise(times)]


# --- the token ---------------------------------------------------------------------------------


def test_a_job_that_works_is_in_no_quarantine() -> None:
    async def story(world: World) -> None:
        await provisioned(world)
        assert await entry(world) is None
        document = await told(world)
        assert document["state"] == "healthy"
        assert document["quarantine"] is None

    simulate(story, tenant=office)


def test_a_token_revoked_in_mid_load_is_probed_for_and_a_new_one_goes_on_at_once() -> None:
    """Once quarantined, one request at each probe and none besides; nobody is created twice, and
    the cycle that was interrupted is the one that ends.
    """

    async def story(world: World) -> None:
        services = world.services()
        cycle = await work.tick(services, CycleKind.INCREMENTAL)
        await execute_next(world, services)
        created = len(world.scim("POST"))
        assert 20 < created < 150
        world.zscloud.set_options(token="replaced")
        await deployed(world, 5.0)
        shut = await entry(world)
        assert shut is not None
        assert shut.cause is Cause.CREDENTIALS_REFUSED
        assert "ZSCLOUD_SCIM_TOKEN" in shut.remedy
        world.forget_requests()
        await deployed(world, 3600.0)
        waits = gaps(world, shut.since)
        assert {request.method for request in world.scim()} == {"GET"}
        for wait, most in zip(waits, (60, 120, 240, 480, 900, 900, 900), strict=False):
            assert 0.8 * most - 1 <= wait <= most + 1
        assert 6 <= len(waits) <= 8
        document = await told(world)
        assert document["state"] == "quarantined"
        assert document["quarantine"]["probes"] == len(waits)
        assert document["quarantine"]["next_probe"]
        assert document["cycle"]["status"] == "quarantined"
        assert (await entry(world)).since == shut.since

        world.token = "replaced"
        changed = world.clock.time()
        await deployed(world, 400.0)
        assert await entry(world) is None
        (again, *_) = (r.time for r in world.scim() if r.time >= changed)
        assert again - changed <= 300.0
        document = await told(world)
        record = await world.services().job().cycles.rows.get(cycle["cycle_id"])
        assert record.status is CycleStatus.COMPLETED
        assert record.counts.created == 151
        assert world.differences() == []

    simulate(story, tenant=everybody(150), rate=5, DRAIN_BUDGET_SECONDS="10")


def test_a_person_ends_the_wait() -> None:
    """A cycle that somebody starts probes at once; so does a call on demand."""

    async def story(world: World) -> None:
        await provisioned(world)
        world.tenant.update_user(user(world, 1), department="Legal")
        world.zscloud.set_options(token="replaced")
        assert (await world.cycle()).status is CycleStatus.QUARANTINED
        world.forget_requests()
        for probes in (1, 2):
            record = await world.cycle()
            assert record.status is CycleStatus.QUARANTINED
            assert record.error_code == "Unauthorized"
            assert len(world.scim()) == probes
        (result,) = await world.on_demand(user(world, 1))
        assert result["outcome"] == "failure"
        assert len(world.scim()) == 3
        world.zscloud.set_options(token=world.token)
        (result,) = await world.on_demand(user(world, 1))
        assert result["outcome"] == "update"
        assert await entry(world) is None
        assert (await world.cycle()).status is CycleStatus.COMPLETED
        assert world.differences() == []

    simulate(story, tenant=office)


def test_leavers_of_meanwhile_go_first() -> None:
    """Hints are kept while the job waits, and what they tell goes before what was in the way."""

    async def story(world: World) -> None:
        await provisioned(world)
        people = assigned(world, 30)
        world.zscloud.set_options(token="replaced")
        await deployed(world, 10.0)
        assert await entry(world) is not None
        world.tenant.disable(user(world, 1))
        world.tenant.disable(user(world, 8))
        await deployed(world, 120.0)
        world.forget_requests()
        world.token = "replaced"
        await deployed(world, 600.0)
        assert world.differences() == []
        writes = world.writes()
        assert [write.method for write in writes[:2]] == ["PATCH", "PATCH"]
        assert [write.method for write in writes].count("POST") == len(people)
        assert not account(world, 1).active

    simulate(story, tenant=office)


def test_hints_cost_no_request_and_no_spinning_while_it_waits() -> None:
    async def story(world: World) -> None:
        await provisioned(world)
        world.zscloud.set_options(token="replaced")
        world.tenant.update_user(user(world, 1), department="Legal")
        await deployed(world, 10.0)
        world.forget_requests()
        before = len(world.queue.messages)
        for _ in range(20):
            await work.look_now(world.services())
        assert world.scim() == []
        assert len(world.queue.messages) == before

    simulate(story, tenant=office)


def test_four_weeks_later_it_still_probes_and_recovers() -> None:
    """It probes day for day; also after weeks in which no process was running at all."""

    async def story(world: World) -> None:
        await provisioned(world)
        world.zscloud.set_options(token="replaced")
        world.tenant.update_user(user(world, 1), department="Legal")
        for _ in range(2):
            before = await entry(world)
            await deployed(world, DAY, every=3600.0, process=world.services())
            shut = await entry(world)
            assert shut is not None
            assert shut.probes - (before.probes if before else 0) >= 96
            assert 0 < shut.next_probe - world.clock.time() <= 900
            await world.clock.sleep(14 * DAY)
        world.zscloud.set_options(token=world.token)
        await deployed(world, 3700.0, every=3600.0)
        assert await entry(world) is None
        assert world.differences() == []

    simulate(story, tenant=office)


def test_a_lost_probe_costs_one_tick() -> None:
    async def story(world: World) -> None:
        await provisioned(world)
        world.zscloud.set_options(token="replaced")
        world.tenant.update_user(user(world, 1), department="Legal")
        await deployed(world, 10.0)
        world.queue.messages.clear()
        world.zscloud.set_options(token=world.token)
        await deployed(world, 310.0)
        assert await entry(world) is None
        assert world.differences() == []

    simulate(story, tenant=office)


@pytest.mark.parametrize("steps", [40, 150, 400, 900])
def test_a_death_while_it_waits_changes_nothing(steps: int) -> None:
    """Only the store remembers: the next process probes, and goes on."""
    saga = Saga(tenant=office)

    async def refused(world: World) -> None:
        await provisioned(world)
        world.zscloud.set_options(token="replaced")
        world.tenant.update_user(user(world, 1), department="Legal")
        await deployed(world, 400.0)

    async def beginning(world: World) -> None:
        world.token = "replaced"
        await deployed(world, 100.0)

    async def ending(world: World) -> None:
        await deployed(world, 700.0)
        assert await entry(world) is None
        assert world.differences() == []
        assert world.zscloud.users.duplicates() == {}

    assert saga.tell(refused).finished
    saga.tell(beginning, steps=steps)
    assert saga.tell(ending).finished


def test_an_object_that_is_forbidden_shuts_nobody_else_out() -> None:
    """403 for one object is no word on the token, which reads as before: it waits in escrow, the
    others go on.
    """

    async def story(world: World) -> None:
        await provisioned(world)
        for number in range(3):
            world.tenant.update_user(user(world, number), department="Legal")
        world.zscloud.set_faults(
            fail_share=1.0,
            fail_status=403,
            methods=("PATCH", "PUT"),
            path_contains=account(world, 1).id,
        )
        record = await world.cycle()
        assert record.status is CycleStatus.COMPLETED_WITH_ERRORS
        assert (record.counts.updated, record.counts.failed) == (2, 1)
        assert await entry(world) is None
        (failed,) = await world.logs(status="failure")
        assert (failed["name"], failed["error_code"]) == ("user1@example.com", "Rejected")
        assert "administrator" in failed["remedy"]
        world.zscloud.set_faults()
        await world.clock.sleep(3600.0)
        await world.cycle()
        assert world.differences() == []

    simulate(story, tenant=everybody(5))


# --- ZSCloud is not there ----------------------------------------------------------------------


def test_a_target_that_is_gone_takes_no_link_with_it() -> None:
    """404 to everything is no answer about anybody: the leaver is disabled when it is back."""

    async def story(world: World) -> None:
        await provisioned(world)
        world.zscloud.set_faults(fail_share=1.0, fail_status=404)
        world.tenant.disable(user(world, 1))
        world.tenant.update_user(user(world, 2), department="Legal")
        await deployed(world, 10.0)
        shut = await entry(world)
        assert shut is not None
        assert shut.cause is Cause.TARGET_GONE
        assert "ZSCLOUD_SCIM_BASE_URL" in shut.remedy
        await deployed(world, 1800.0)
        world.zscloud.set_faults()
        world.forget_requests()
        await deployed(world, 1000.0)
        assert await entry(world) is None
        assert world.differences() == []
        assert world.scim("POST") == []

    simulate(story, tenant=office)


def test_nobody_answers_for_long() -> None:
    """A short outage waits for the next tick; after ten minutes it is a quarantine."""

    async def story(world: World) -> None:
        await provisioned(world)
        world.transport = Nobody()
        world.tenant.disable(user(world, 1))
        await deployed(world, 290.0)
        assert await entry(world) is None
        assert (await told(world))["lanes"]["1"] == 1
        await deployed(world, 1500.0)
        shut = await entry(world)
        assert shut is not None
        assert shut.cause is Cause.TARGET_GONE
        world.transport = None
        await deployed(world, 1000.0)
        assert await entry(world) is None
        assert world.differences() == []

    simulate(story, tenant=office)


def test_a_short_outage_is_no_quarantine() -> None:
    async def story(world: World) -> None:
        await provisioned(world)
        world.tenant.update_user(user(world, 1), department="Legal")
        world.zscloud.set_faults(fail_share=1.0, fail_status=503)
        await deployed(world, 1500.0)
        assert await entry(world) is None
        world.zscloud.set_faults()
        await deployed(world, 1500.0)
        assert world.differences() == []

    simulate(story, tenant=office)


# --- too many objects fail -----------------------------------------------------------------------


def test_sixty_percent_failing_is_a_quarantine_that_ends_with_the_fault() -> None:
    async def story(world: World) -> None:
        world.zscloud.set_faults(
            fail_share=0.6, fail_status=400, methods=("POST",), path_contains="Users", seed=2
        )
        await deployed(world, 290.0)
        shut = await entry(world)
        assert shut is not None
        assert shut.cause is Cause.FAILURE_RATIO
        assert "40 %" in shut.reason
        created = len(world.zscloud.users.provisioned())
        assert created < 60
        await deployed(world, 600.0)
        world.zscloud.set_faults()
        await deployed(world, 1200.0)
        assert await entry(world) is None
        assert (await told(world))["escrow"] == 0
        assert world.differences() == []

    simulate(story, tenant=everybody(200), rate=5)


def test_a_probe_of_objects_that_still_fail_changes_nothing() -> None:
    """Five at most are tried at each probe, each time others."""

    async def story(world: World) -> None:
        world.zscloud.set_faults(
            fail_share=1.0, fail_status=400, methods=("POST",), path_contains="Users"
        )
        await deployed(world, 50.0)
        shut = await entry(world)
        assert shut is not None
        world.forget_requests()
        await deployed(world, 1800.0)
        after = await entry(world)
        assert after is not None
        assert (after.since, after.reason) == (shut.since, shut.reason)
        assert 4 <= after.probes <= 7
        assert len(world.writes()) <= 5 * after.probes

    simulate(story, tenant=everybody(100), rate=5)


def test_a_probe_looks_first_for_what_may_have_been_made() -> None:
    """Accounts were made, and neither that answer nor the look at them could be read."""

    async def story(world: World) -> None:
        begun = asyncio.create_task(deployed(world, 60.0))
        await world.clock.sleep(2.0)
        world.zscloud.set_faults(truncate_share=1.0, path_contains="Users")
        await begun
        assert await entry(world) is not None
        world.zscloud.set_faults()
        await deployed(world, 3600.0)
        assert await entry(world) is None
        assert world.differences() == []
        made = [request for request in world.scim("POST") if request.path.endswith("/Users")]
        assert len(made) == len(world.zscloud.users.provisioned())

    simulate(story, tenant=everybody(40), rate=5)


@pytest.mark.parametrize(("people", "share"), [(200, 0.3), (10, 1.0)])
def test_fewer_failures_are_no_quarantine(people: int, share: float) -> None:
    """30 % of many, and all of ten: each object is in escrow for itself."""

    async def story(world: World) -> None:
        world.zscloud.set_faults(
            fail_share=share, fail_status=400, methods=("POST",), path_contains="Users"
        )
        await deployed(world, 250.0)
        assert await entry(world) is None
        document = await told(world)
        assert document["escrow"] > 0
        assert document["cycle"]["status"] == "completed_with_errors"

    simulate(story, tenant=everybody(people))


def test_what_is_in_escrow_fails_again_without_a_quarantine() -> None:
    """Thirty accounts that ZSCloud does not take are no reason to keep the others waiting, however
    often they are tried again, one by one or by a reconcile.
    """

    async def story(world: World) -> None:
        for number in range(30):
            world.tenant.assign(
                world.tenant.add_user(f"odd{number}@elsewhere.com", displayName="Odd"), "User"
            )
        await deployed(world, 50.0)
        assert await entry(world) is None
        assert (await told(world))["escrow"] == 30
        await deployed(world, DAY, every=3600.0, process=world.services())
        assert (await world.cycle("reconcile")).status is CycleStatus.COMPLETED_WITH_ERRORS
        assert await entry(world) is None

    simulate(story, tenant=everybody(100))


def test_live_work_is_judged_over_a_quarter_of_an_hour() -> None:
    """Cycle after cycle a few fail, all of them: together they are too many."""

    async def story(world: World) -> None:
        await provisioned(world)
        people = assigned(world, 24)
        await world.cycle()
        await world.clock.sleep(1000.0)
        world.zscloud.set_faults(fail_share=1.0, fail_status=400, methods=("PATCH",))
        for begin in range(0, 24, 6):
            for id in people[begin : begin + 6]:
                world.tenant.update_user(id, department="Legal")
            await deployed(world, 100.0)
        shut = await entry(world)
        assert shut is not None
        assert shut.cause is Cause.FAILURE_RATIO
        assert "15 minutes" in shut.reason

    simulate(story, tenant=office)


# --- the token, before it is needed -----------------------------------------------------------


def test_a_revoked_token_is_known_before_a_change_needs_it(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The hourly timer sends one request; cycles without a change send none."""
    caplog.set_level(logging.INFO)

    async def story(world: World) -> None:
        await provisioned(world)
        await token.check(world.services())
        assert len(world.scim()) == 1
        await deployed(world, 1000.0)
        assert len(world.scim()) == 1
        world.zscloud.set_options(token="replaced")
        await token.check(world.services())
        assert await entry(world) is not None
        assert "ALERT token_refused" in caplog.text
        world.token = "replaced"
        await deployed(world, 70.0)
        assert await entry(world) is None

    simulate(story, tenant=office)


def test_a_token_that_ends_is_warned_of_once_a_day(caplog: pytest.LogCaptureFixture) -> None:
    async def story(world: World) -> None:
        world.token = web_token({"exp": world.clock.time() + 10.5 * DAY})
        world.zscloud.set_options(token=world.token)
        await provisioned(world)
        for _ in range(30):
            await token.check(world.services())
            await world.clock.sleep(3600.0)
        lines = [r.getMessage() for r in caplog.records if "token_expires" in r.getMessage()]
        assert 2 <= len(lines) <= 3
        assert lines[0].startswith("ALERT token_expires: The token expires in 10 days.")
        document = (await told(world))["token"]
        assert "ZSCLOUD_SCIM_TOKEN" in document["warning"]
        assert document["expires"]
        assert world.token not in str(document) + caplog.text

    simulate(story, tenant=office)
