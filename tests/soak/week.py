"""One run of a script: the world, what happens in it, and what is looked at when it is quiet."""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections import Counter
from typing import Any

import msgspec

from provisioning.errors import ProvisioningError
from provisioning.record import CycleKind, CycleStatus
from tests import simulated_time
from tests.scenarios.simulation import RunningClock
from tests.scenarios.world import World
from tests.simulated_time import EPOCH
from tests.soak import actions, loop, oracle, schema
from tests.soak.answers import Answers
from tests.soak.host import Host
from tests.soak.laws import Laws, Violation
from tests.soak.leaving import Policy
from tests.soak.oracle import Since
from tests.soak.quiet import Quiet
from tests.soak.script import QUIET, Event, Script
from tests.soak.store import SoakStore
from tests.soak.tenant import People, Portal
from tests.soak.wire import Graph, Scim

RATE = 5.0
_REST_AFTER = 1200.0
"""Seconds without an event after which most ticks are left out; after a quiet period it is rest
at once.
"""


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """How a run ended. ``failed_at`` is the number of the event at which a law was found broken."""

    seed: int
    hours: float
    violations: tuple[Violation, ...]
    events: int
    done: dict[str, int]
    requests: dict[str, int]
    batches: int
    deletes: int
    ticks: dict[str, int]
    graph_requests: int
    steps: int
    wall_seconds: float
    failed_at: int | None = None


def play(script: Script) -> Result:
    """Runs a script to its end, or to the first broken law."""
    began = time.perf_counter()
    begun: list[Run] = []
    try:
        loop.run(lambda: _played(script, begun), EPOCH)
    except Exception as error:
        if not begun:
            raise
        # A finding too, whoever is to blame.
        begun[0].laws.violations.append(Violation(0, 0.0, f"the run ends with {error!r}"))
    finally:
        simulated_time.discard_abandoned()
    (run,) = begun
    return Result(
        seed=script.seed,
        hours=script.hours,
        violations=tuple(run.laws.violations),
        events=len(script.events),
        done=dict(run.done),
        requests=dict(run.laws.requests),
        batches=run.laws.batches,
        deletes=run.laws.deletes,
        ticks=dict(run.host.counts),
        graph_requests=len(run.world.entra.requests),
        steps=run.steps,
        wall_seconds=time.perf_counter() - began,
        failed_at=run.at if run.laws.violations else None,
    )


async def _played(script: Script, begun: list[Run]) -> None:
    begun.append(Run(script))
    await begun[0].play()


class Run:
    """A run that is under way."""

    def __init__(self, script: Script) -> None:
        self.script, self.setting = script, script.setting
        self.chance = random.Random(f"run {script.seed}")
        self.clock = RunningClock()
        self.people = People(script.setting)
        self.tenant = self.people.tenant
        self.store = SoakStore(self.clock.time, in_pieces=self.setting.pieces, chance=self.chance)
        self.world = self._world()
        self.zscloud = self.world.zscloud
        self.portal = Portal(self.zscloud, self.people)
        self.start = self.clock.time()
        self.may_be_stopped = False
        self.rough = False
        """Whether anybody has died, or lost the lease, since the last quiet."""
        self.done: Counter[str] = Counter()
        self.faults: dict[int, tuple[str, dict[str, Any]]] = {}
        self.at = 0
        self.short_until = 0.0
        self.steps = 0
        self.rest = self.start
        """Since when, or from when on, nothing happens."""
        self.laws = Laws(
            self.zscloud,
            self.store,
            self.portal,
            Since(
                self.tenant,
                nested=self.setting.nested,
                filtered=self.setting.filtered,
                policy=Policy(self.setting.leavers),
                time=self.clock.time,
            ),
            tenant=self.world.services().settings.zscloud_tenant,
            rate=RATE,
            percent=self.setting.percent,
            start=self.start,
        )
        answers = Answers(self.clock.time, self.portal.taken)
        self.scim = Scim(self.zscloud, self._sent, answers)
        self.world.transport = self.scim
        self.kill_request: int | None = None
        self.renewals_fail = 0.0
        self.pause_request: tuple[int, float] | None = None
        self.host = Host(
            self.services,
            self.clock,
            instances=self.setting.instances,
            chance=self.chance,
            failed=lambda text: self.laws.broken(0, text),
        )
        self.world.queue = self.host.queues  # type: ignore[assignment]
        handshake = self.world.webhook.handle

        async def receive(request: Any) -> Any:
            if "validationToken" in request.query:
                return await handshake(request)
            return await self.host.handle(request)

        self.world.webhook.handle = receive  # type: ignore[method-assign]
        self.tenant.listeners.append(lambda _: self.host.changed.set())

    def _world(self) -> World:
        setting = self.setting
        told = {
            "NOTIFICATION_URL": "https://app.example.com/api/notifications",
            "NOTIFICATION_CLIENT_STATE": "the-first-secret-of-all",
        }
        world = World(
            self.clock,
            self.tenant,
            rate=RATE,
            store=self.store,
            schema=schema.compiled(filtered=setting.filtered),
            zscloud={
                "rate": RATE,
                "burst": 6,
                "keep_bodies": False,
                "max_members_per_request": 0,
                **setting.bulk,
            },
            NESTED_GROUPS="transitive" if setting.nested else "direct",
            DELETION_THRESHOLD_PERCENT=str(setting.percent),
            ENTRA_TENANT_ID=self.tenant.id,
            DRIFT=setting.drift,
            **setting.leavers,
            **(told if setting.told else {}),
        )
        world.zscloud.set_faults(latency=setting.latency, latency_spread=setting.latency)
        return world

    def services(self) -> Any:
        """The program, as one process has it, on the short way to Graph."""
        made = self.world.services()
        source: Any = made.source
        source._transport = source._channel._transport = Graph(self.world.entra, self.clock.time)
        return made

    def _sent(self, method: str, url: str) -> None:
        self.laws.sent(method, url)
        process = loop.current()
        if process is None:
            return
        if self.renewals_fail:
            actions.renewals_fail(self, self.renewals_fail)
            self.renewals_fail = 0.0
        if self.kill_request is not None:
            self.kill_request -= 1
            if self.kill_request <= 0:
                self.kill_request = None
                process.kill_at = process.steps + 1 + self.chance.randrange(3)
        if self.pause_request is not None:
            left, seconds = self.pause_request
            self.pause_request = (left - 1, seconds) if left > 1 else None
            if left <= 1:
                process.pause_at = (process.steps + 1 + self.chance.randrange(8), seconds)

    # --- playing -------------------------------------------------------------------------------

    async def play(self) -> None:
        """All events, each at its time."""
        self.host.begin()
        for number, event in enumerate(self.script.events):
            self.at = number
            await self.until(self.start + event.at)
            if self.laws.violations:
                break
            await self._happens(event)
        else:
            await self.until(self.start + self.script.hours * 3600)
        self.steps = asyncio.get_running_loop().ready.steps  # type: ignore[attr-defined]

    async def _happens(self, event: Event) -> None:
        self.busy()
        if event.kind == QUIET:
            await Quiet(self).look()
            self.rest = self.clock.time()
            return
        did = await actions.happens(self, event)
        self.done[event.kind if did else "not possible"] += 1
        self.observe()

    def busy(self) -> None:
        """Something happens: for a while all ticks come."""
        self.rest = self.clock.time() + _REST_AFTER

    def observe(self) -> None:
        """The tenant has changed."""
        since, before = self.laws.since, self.laws.since.attributes
        since.observe()
        for id, name in list(self.portal.edits):
            if before.get(id, {}).get(name) != since.attributes.get(id, {}).get(name):
                self.portal.forget_edit((id, name))

    def forget_links(self) -> None:
        """The program has lost, or may lose, what it knows of ZSCloud."""
        for objects in (self.zscloud.users, self.zscloud.groups):
            self.laws.forgotten |= {each.external_id for each in objects if each.external_id}
        self.portal.forget_edits({id for id, _ in self.portal.edits})

    async def until(self, end: float) -> None:
        """The host runs on until a time, or until a law is broken."""
        while (now := self.clock.time()) < end and not self.laws.violations:
            self.host.thin = now >= self.rest
            self.host.changed.clear()
            due = min(
                self.host.due(), self._notify(now), end, self.rest if now < self.rest else end
            )
            if due <= now:
                due = now + 0.001
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(due - now):
                    await self.host.changed.wait()
            # Whatever is ready goes first.
            await asyncio.sleep(0)

    def _notify(self, now: float) -> float:
        """Graph tells of what is due; when the next is."""
        notifier = self.world.entra.notifier
        if not notifier.pending or self.host.stopped:
            return now + 3600.0
        due = min(one.due for one in notifier._pending)
        if due <= now:
            asyncio.get_running_loop().create_task(notifier.deliver(), context=loop.OUTSIDE.copy())
            return now + 1.0
        return float(due)

    async def call(self, what: Any, *args: Any, **options: Any) -> Any:
        """An operator calls; what cannot be done is not done. ``None`` then."""
        one = self.host.some()

        async def call() -> Any:
            try:
                return await what(one.services, *args, **options)
            except ProvisioningError:
                return None

        task = one.process.start(call())
        give_up = self.clock.time() + 900.0
        while not task.done() and not one.process.dead and self.clock.time() < give_up:
            await self.until(min(self.clock.time() + 1.0, give_up))
            if self.laws.violations:
                return None
        return task.result() if task.done() else None

    async def cycle(self, kind: CycleKind, *, dry_run: bool = False) -> Any:
        """Runs a cycle on the spot; its record and changes."""
        from provisioning.operations.cycles import run_cycle

        ran = await self.call(run_cycle, kind, dry_run=dry_run, wait=120.0)
        if ran is None or ran[0].status is CycleStatus.RUNNING:
            return None
        return ran

    def differences(self) -> list[oracle.Difference]:
        """How ZSCloud is not as it must be."""
        overdue = self.laws.is_overdue
        return oracle.differences(self.laws.since, self.zscloud, self.portal, overdue)
