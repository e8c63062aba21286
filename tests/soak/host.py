"""The Functions host of a run: instances, timers and queues, as the platform runs them.

Each timer runs once at a time; each instance has one message of each queue. What fails is tried
again, five times; what a killed instance had comes again.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any

from handlers.queues import HINTS, WORK
from provisioning.errors import ConfigurationError, LeaseUnavailable, ProvisioningError
from provisioning.notifications.message import decode
from provisioning.operations import alarms, assignments, subscriptions, token, work
from provisioning.operations.hints import take_in
from provisioning.operations.notifications import receive
from provisioning.record import CycleKind
from provisioning.services import Services
from simulator.http import Request, Response
from tests.soak.loop import OUTSIDE, Process
from tests.soak.store import Message, Queues

DAY = 86_400.0
_TRIES = 5
_AGAIN = 30.0
_AFTER_DEATH = 60.0
_START = 5.0


class Instance:
    """One instance of the function app."""

    def __init__(self, services: Services) -> None:
        self.services = services
        self.process = Process(services.holder)
        self.busy: set[str] = set()


class _Timer:
    def __init__(
        self, every: float, thin: float, run: Callable[[Services], Awaitable[Any]]
    ) -> None:
        self.every, self.thin, self.run = every, thin, run
        self.next = 0.0
        self.running: tuple[Instance, asyncio.Task[None]] | None = None


class Host:
    """Runs the program. ``failed`` is told of errors that nobody expects."""

    def __init__(
        self,
        build: Callable[[], Services],
        clock: Any,
        *,
        instances: int,
        chance: random.Random,
        failed: Callable[[str], None],
    ) -> None:
        self._build, self._clock, self._count = build, clock, instances
        self._chance, self._failed = chance, failed
        self.changed = asyncio.Event()
        self.queues = Queues(clock.time, self.changed.set)
        self.instances: list[Instance] = []
        self._missing: list[float] = []
        self.timers = {
            "poll": _Timer(30.0, 8 * 3600.0, assignments.tick),
            "incremental": _Timer(300.0, 6 * 3600.0, _cycle(CycleKind.INCREMENTAL)),
            "reconcile": _Timer(DAY, DAY, _cycle(CycleKind.RECONCILE)),
            "maintenance": _Timer(3600.0, 8 * 3600.0, _maintain),
        }
        self.thin = False
        """Whether nothing happens, so that most ticks are left out."""
        self.stopped = False
        """Whether neither timers nor queues run."""
        self.counts: Counter[str] = Counter()
        self.lose = self.twice = 0
        self.late = 0.0

    def begin(self) -> None:
        """Starts the instances and the timers."""
        now = self._clock.time()
        self.instances = [Instance(self._build()) for _ in range(self._count)]
        for name, timer in self.timers.items():
            timer.next = now + (6 * 3600.0 if name == "reconcile" else 1.0)

    def some(self) -> Instance:
        """An instance that lives, else a new one."""
        self._replace()
        living = [one for one in self.instances if not one.process.dead]
        if not living:
            living = [Instance(self._build())]
            self.instances += living
        awake = [one for one in living if not one.process.paused] or living
        return self._chance.choice(awake)

    def kill_all(self) -> None:
        """Every instance dies."""
        for one in self.instances:
            one.process.kill()

    # --- the notifications of Graph ----------------------------------------------------------

    async def handle(self, request: Request) -> Response:
        """The webhook, in one of the instances."""
        one = self.some()
        answered: asyncio.Future[Response] = asyncio.get_running_loop().create_future()

        async def answer() -> None:
            try:
                await receive(one.services, request.body)
            except ProvisioningError:
                answered.set_result(Response(503))
            else:
                answered.set_result(Response(202))

        one.process.start(answer())
        return await answered

    # --- running -----------------------------------------------------------------------------

    def due(self) -> float:
        """Starts what is due; when the next is."""
        now = self._clock.time()
        self._replace()
        if self.stopped:
            return now + 3600.0
        times = [now + 3600.0, *self._missing]
        for name, timer in self.timers.items():
            times.append(self._tick(name, timer, now))
        for queue in (HINTS, WORK):
            times.append(self._deliver(queue, now))
        return max(now, min(times))

    @property
    def is_idle(self) -> bool:
        """Whether nothing runs."""
        return not any(one.busy for one in self.instances if not one.process.dead)

    def _replace(self) -> None:
        now = self._clock.time()
        dead = [one for one in self.instances if one.process.dead]
        self.instances = [one for one in self.instances if not one.process.dead]
        self._missing += [now + _START for _ in dead]
        starting = [at for at in self._missing if at <= now]
        self._missing = [at for at in self._missing if at > now]
        self.instances += [Instance(self._build()) for _ in starting]

    def _tick(self, name: str, timer: _Timer, now: float) -> float:
        if timer.running is not None:
            instance, task = timer.running
            if not instance.process.dead and not task.done():
                return now + 3600.0
            timer.running = None
        every = timer.thin if self.thin else timer.every
        timer.next = min(timer.next, now + every)
        if now >= timer.next:
            timer.next = now + every
            instance = self.some()
            self.counts[name] += 1
            timer.running = (instance, self._run(instance, name, timer.run(instance.services)))
        return timer.next

    def _run(self, instance: Instance, name: str, program: Awaitable[Any]) -> asyncio.Task[None]:
        async def run() -> None:
            with contextlib.suppress(ProvisioningError):
                await self._watched(name, program)

        return self._start(instance, name, run())

    def _start(self, instance: Instance, name: str, program: Any) -> asyncio.Task[None]:
        instance.busy.add(name)
        task = instance.process.start(program)

        def ended(_: object) -> None:
            instance.busy.discard(name)
            self.changed.set()

        task.add_done_callback(ended, context=OUTSIDE)
        return task

    async def _watched(self, name: str, program: Awaitable[Any]) -> None:
        try:
            await program
        except ProvisioningError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, it is a finding
            self._failed(f"{name} ends with {error!r}")

    def _deliver(self, queue: str, now: float) -> float:
        waiting = [one.at for one in self.queues.messages if one.queue == queue]
        if not waiting:
            return now + 3600.0
        if min(waiting) > now:
            return min(waiting)
        for instance in self.instances:
            process = instance.process
            if process.dead or process.paused or queue in instance.busy:
                continue
            message = self.queues.take(queue)
            if message is None:
                break
            self._hand_over(instance, message)
        later = [one.at for one in self.queues.messages if one.queue == queue and one.at > now]
        return min(later, default=now + 3600.0)

    def _hand_over(self, instance: Instance, message: Message) -> None:
        self.counts[message.queue] += 1
        if self.lose:
            self.lose -= 1
            return
        if self.twice:
            self.twice -= 1
            self.queues.put(message.queue, message.text, self._clock.time() + 1.0)
        if self.late:
            message.at, self.late = self._clock.time() + self.late, 0.0
            self.queues.messages.append(message)
            return
        handle = _on_hint if message.queue == HINTS else _on_work
        done = False

        async def run() -> None:
            nonlocal done
            try:
                await self._watched(message.queue, handle(instance.services, message.text))
            except ProvisioningError:
                with contextlib.suppress(ProvisioningError):
                    await self._failed_message(instance, message)
            done = True

        task = self._start(instance, message.queue, run())
        asyncio.get_running_loop().create_task(
            self._await(instance, message, task), context=OUTSIDE.copy()
        )

    async def _await(self, instance: Instance, message: Message, task: asyncio.Task[None]) -> None:
        """A message whose instance has died comes again."""
        while not task.done():
            if instance.process.dead:
                message.at = self._clock.time() + _AFTER_DEATH
                self._again(message)
                return
            await asyncio.wait([task], timeout=10.0)

    async def _failed_message(self, instance: Instance, message: Message) -> None:
        message.at = self._clock.time() + _AGAIN
        self._again(message)
        await work.failed(instance.services, message.queue, LeaseUnavailable("It failed."))

    def _again(self, message: Message) -> None:
        if message.tries < _TRIES:
            self.queues.messages.append(message)
            self.changed.set()
        else:
            self.counts["poison"] += 1


def _cycle(kind: CycleKind) -> Callable[[Services], Awaitable[Any]]:
    async def run(services: Services) -> None:
        with contextlib.suppress(ConfigurationError):
            await work.tick(services, kind)

    return run


async def _maintain(services: Services) -> None:
    with contextlib.suppress(ConfigurationError, LeaseUnavailable):
        if (await subscriptions.ensure(services)).look_wanted:
            await work.look_now(services)
    with contextlib.suppress(ConfigurationError):
        await token.check(services)
    await alarms.watch(services)


async def _on_hint(services: Services, text: str) -> None:
    with contextlib.suppress(ConfigurationError):
        await take_in(services, decode(text.encode()))


async def _on_work(services: Services, text: str) -> None:
    document = json.loads(text)
    with contextlib.suppress(ConfigurationError):
        if "dry_run" in document:
            await work.dry_run(services, document["dry_run"])
        else:
            await work.on_wake(services, document["generation"])
