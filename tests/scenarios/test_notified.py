"""The whole way on simulated time: Graph tells, the webhook takes, the queue carries, it is done.

Each story names a mishap on that way, and would fail without its defence.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from provisioning.errors import ProvisioningError
from provisioning.notifications.message import HINTS, decode
from provisioning.operations import work
from provisioning.operations.assignments import tick
from provisioning.operations.hints import take_in
from provisioning.operations.notifications import receive
from provisioning.record import CycleKind
from simulator.http import Request, Response
from tests.scenarios.simulation import simulate
from tests.scenarios.steps import (
    CHANGES,
    account,
    change_user,
    group,
    group_object,
    office,
    provisioned,
    user,
)
from tests.scenarios.world import World

SETTINGS = {
    "NOTIFICATION_URL": "https://app.example.com/api/notifications",
    "NOTIFICATION_CLIENT_STATE": "the-first-secret-of-all",
}


class Site:
    """The function app: its webhook, its queues and its timers, as the host runs them."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.services = world.services()
        self.answers: list[int] = []
        shake_hands = world.webhook.handle

        async def handle(request: Request) -> Response:
            if "validationToken" in request.query or world.webhook.down:
                return await shake_hands(request)
            try:
                await receive(self.services, request.body)
            except ProvisioningError:
                self.answers.append(503)
                return Response(503)
            self.answers.append(202)
            return Response(202)

        world.webhook.handle = handle  # type: ignore[method-assign]

    def restart(self) -> None:
        """A deployment with other settings."""
        self.services = self.world.services()

    async def run(self, seconds: float) -> None:
        """Lets so many seconds pass."""
        tasks = [
            asyncio.create_task(each)
            for each in (
                self._pump(),
                self._timer(30.0, self._poll),
                self.world.entra.notifier.run(),
            )
        ]
        await self.world.clock.sleep(seconds)
        for task in tasks:
            task.cancel()
        for task in tasks:
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def _pump(self) -> None:
        while True:
            taken = self.world.queue.take_any()
            if taken is None:
                await self.world.clock.sleep(0.1)
                continue
            name, text = taken
            if name == HINTS:
                await take_in(self.services, decode(text.encode()))
            else:
                await work.on_wake(self.services, json.loads(text)["generation"])

    async def _poll(self) -> None:
        await tick(self.services)

    async def _timer(self, every: float, what: Callable[[], Awaitable[None]]) -> None:
        while True:
            await what()
            await self.world.clock.sleep(every)


def told(story: Callable[[World, Site], Awaitable[Any]], **world: Any) -> None:
    """Tells a story of a provisioned office whose subscriptions are up, and which sees no cycle."""

    async def main(made: World) -> None:
        made.environ |= {**SETTINGS, "ENTRA_TENANT_ID": made.tenant.id}
        await provisioned(made)
        site = Site(made)
        await site.run(240.0)  # the second look after the subscriptions came up, too
        assert len(made.entra.subscriptions.living()) == 2
        made.forget_requests()
        await story(made, site)

    simulate(main, tenant=office, **world)


def test_nothing_that_changes_writes_nothing() -> None:
    async def story(world: World, site: Site) -> None:
        await site.run(3600.0)
        assert world.scim() == []

    told(story)


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_that_graph_tells_of_arrives_in_two_seconds(change: str) -> None:
    async def story(world: World, site: Site) -> None:
        world.set_entra(notification_delay=0.0)
        change_user(world, change)
        await site.run(2.0)
        assert world.writes() != []
        await site.run(300.0)
        if change != "delete":  # who is deleted softly stays a member
            assert world.differences() == []
        assert world.zscloud.violations == []

    told(story, rate=5)


def test_a_notification_that_comes_before_its_change_is_readable() -> None:
    """Without the second look only a cycle would find it."""

    async def story(world: World, site: Site) -> None:
        world.set_entra(notification_delay=0.0, replication_lag=45.0)
        world.tenant.disable(user(world, 1))
        world.tenant.remove_member(group(world, "Sales"), user(world, 2))
        await site.run(10.0)
        assert account(world, 1).active
        await site.run(130.0)
        assert not account(world, 1).active
        assert "user2@example.com" not in world.zscloud.members(group_object(world, "Sales"))

    told(story)


def test_a_notification_that_never_comes() -> None:
    """The incremental cycle follows the same feeds, told or not."""

    async def story(world: World, site: Site) -> None:
        world.set_entra(notification_loss_share=1.0)
        world.tenant.disable(user(world, 1))
        await site.run(120.0)
        assert account(world, 1).active
        await work.tick(site.services, CycleKind.INCREMENTAL)
        await site.run(10.0)
        assert not account(world, 1).active

    told(story)


def test_a_subscription_that_vanished() -> None:
    """It is made anew, and the feeds are read: what changed meanwhile was told to nobody."""

    async def story(world: World, site: Site) -> None:
        from provisioning.operations.subscriptions import ensure

        for one in world.entra.subscriptions.living():
            world.entra.subscriptions.forget(one.id)
        world.tenant.disable(user(world, 1))
        await site.run(60.0)
        assert account(world, 1).active
        await ensure(site.services)  # the hourly timer
        await work.look_now(site.services)
        await site.run(5.0)
        assert len(world.entra.subscriptions.living()) == 2
        assert not account(world, 1).active

    told(story)


def test_a_secret_that_is_rotated() -> None:
    """Both are taken until the subscriptions have the new one; then the old one may go."""

    async def story(world: World, site: Site) -> None:
        world.set_entra(notification_delay=0.0)
        both = "the-second-secret-now,the-first-secret-of-all"
        world.environ["NOTIFICATION_CLIENT_STATE"] = both
        site.restart()
        world.tenant.update_user(user(world, 1), department="Legal")
        await site.run(2.0)  # the subscriptions still have the old one
        assert account(world, 1).department == "Legal"
        await site.run(60.0)  # now they are made anew
        world.environ["NOTIFICATION_CLIENT_STATE"] = "the-second-secret-now"
        site.restart()
        world.tenant.update_user(user(world, 1), department="Sales")
        await site.run(2.0)
        assert account(world, 1).department == "Sales"

    told(story)


def test_a_secret_that_was_changed_at_once_is_repaired_by_the_next_poll() -> None:
    """What came with the old one was dropped; the feeds are read after the change."""

    async def story(world: World, site: Site) -> None:
        world.set_entra(notification_delay=0.0)
        world.environ["NOTIFICATION_CLIENT_STATE"] = "the-second-secret-now"
        site.restart()
        world.tenant.disable(user(world, 1))
        await world.entra.notifier.deliver()
        assert site.answers[-1] == 202
        await site.run(60.0)
        assert not account(world, 1).active

    told(story)


def test_the_queue_is_down_for_a_minute() -> None:
    """Graph is asked to send again, and does."""

    async def story(world: World, site: Site) -> None:
        world.set_entra(notification_delay=0.0)
        world.queue.is_down = True
        world.tenant.disable(user(world, 1))
        await world.entra.notifier.deliver()
        assert site.answers[-1] == 503
        await world.clock.sleep(60.0)
        assert account(world, 1).active
        world.queue.is_down = False
        await site.run(30.0)
        assert not account(world, 1).active

    told(story)


def test_notifications_in_batches_repeated_and_out_of_order() -> None:
    async def story(world: World, site: Site) -> None:
        world.set_entra(
            notification_delay=5.0, notification_duplicate_share=1.0, notification_reorder=True
        )
        for number in range(7):
            world.tenant.update_user(user(world, number), department="Legal")
            world.tenant.disable(user(world, number))
            if number % 2:
                world.tenant.enable(user(world, number))
        await site.run(60.0)
        assert world.differences() == []
        active = [number for number in range(7) if account(world, number).active]
        assert active == [1, 3, 5]

    told(story, rate=5, DELETION_THRESHOLD_PERCENT="100")


def test_a_subscription_that_wants_to_be_authorized_again() -> None:
    """Graph holds back what it has to tell until it is answered."""

    async def story(world: World, site: Site) -> None:
        world.set_entra(notification_delay=0.0)
        await world.entra.notifier.lifecycle("reauthorizationRequired", pause=True)
        world.tenant.disable(user(world, 1))
        await site.run(10.0)
        assert not account(world, 1).active
        assert not any(one.paused for one in world.entra.subscriptions.living())

    told(story)
