"""No interleaving of processes forgets what was filed, and no two of them write at once.

Between "the work set is empty" and "the lease is released" something may be filed; between
"the lease is taken" and "so I leave it to its holder" the holder may let go; any process may die
at any step, and any message may come twice.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from provisioning.errors import LeaseUnavailable
from provisioning.handover import Handover
from tests.handover.processes import GatedQueue, GatedStore, Instance, Stage
from tests.thoroughness import examples

_SETTINGS = settings(
    max_examples=examples(40, 100),
    stateful_step_count=60,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)


class Processes(RuleBasedStateMachine):
    """Hypothesis chooses who takes the next steps. Nobody dies here."""

    mortal = False
    queued = True
    """Whether there are messages and ticks, or only processes that file and work."""

    def __init__(self) -> None:
        super().__init__()
        self._runner = asyncio.Runner()
        self._run(self._begin())

    async def _begin(self) -> None:
        self.stage = Stage()
        self.store = GatedStore(self.stage)
        self.queue = GatedQueue(self.stage)
        self.instance = Instance(self.stage, self.store, self.queue)
        self.filed = 0
        self.killed = False
        self.deliveries: dict[int, str] = {}

    def _run(self, program: Coroutine[Any, Any, Any]) -> None:
        self._runner.run(program)

    def _start(self, program: Coroutine[Any, Any, Any]) -> int:
        started: list[int] = []

        async def start() -> None:
            started.append(self.stage.start(program))
            await self.stage.settle()

        self._run(start())
        return started[0]

    # --- what happens --------------------------------------------------------------------------

    @precondition(lambda self: len(self.stage.alive) < 4)
    @rule(wake=st.booleans())
    def file(self, wake: bool) -> None:
        self.filed += 1
        key = f"item{self.filed}"
        wake = wake and self.queued
        self._start(self.instance.file_and_wake(key) if wake else self.instance.file(key))

    @precondition(lambda self: self.queued and len(self.stage.alive) < 4)
    @rule(twice=st.booleans())
    def deliver(self, twice: bool) -> None:
        message = self.queue.take()
        if message is None:
            return
        number = self._start(self.instance.on_message(message))
        self.deliveries[number] = message
        if twice:
            self._start(self.instance.on_message(message))

    @precondition(lambda self: self.queued and len(self.stage.alive) < 4)
    @rule()
    def tick(self) -> None:
        self._start(self.instance.tick())

    @precondition(lambda self: self.stage.ready)
    @rule(who=st.integers(0, 3), which=st.integers(0, 2), steps=st.integers(1, 6))
    def step(self, who: int, which: int, steps: int) -> None:
        async def take() -> None:
            ready = self.stage.ready
            number = ready[who % len(ready)]
            for _ in range(steps):
                if number in self.stage.ready:
                    self.stage.step(number, which)
                    await self.stage.settle()

        self._run(take())

    @precondition(lambda self: self.mortal and self.stage.alive)
    @rule(who=st.integers(0, 5))
    def kill(self, who: int) -> None:
        self.killed = True
        number = self.stage.alive[who % len(self.stage.alive)]
        self.stage.kill(number)
        if number in self.deliveries:
            # The host never deleted the message: it appears again.
            text = self.deliveries.pop(number)
            self.queue.messages.append((self.stage.now + 30.0, "again", text))

    @rule(seconds=st.sampled_from([0.5, 5.0, 31.0]))
    def advance(self, seconds: float) -> None:
        async def pass_time() -> None:
            self.stage.advance(seconds)
            await self.stage.settle()

        self._run(pass_time())

    # --- what must hold ------------------------------------------------------------------------

    @invariant()
    def nothing_is_forgotten(self) -> None:
        """When everybody has ended, what is left is announced; unless somebody was killed."""
        if not self.killed and not self.stage.alive and self._left():
            assert self.queue.messages, "work is filed, and nobody will ever look"

    def _left(self) -> list[str]:
        table = self.store._tables.get("work")
        return [] if table is None else list(table.values)

    def teardown(self) -> None:
        try:
            self._run(self._finish())
            assert self._left() == [], "ticks and messages did not bring it to an end"
            assert len(self.instance.done) <= self.filed
        finally:
            self.stage.is_over = True
            self._runner.close()

    async def _finish(self) -> None:
        """Everybody runs on; ticks and messages come as they do. That must be enough."""
        for _ in range(60):
            await self._run_on()
            if not self._left() and not self.stage.alive:
                return
            self.stage.advance(40.0)
            await self.stage.settle()
            while (message := self.queue.take()) is not None:
                self.stage.start(self.instance.on_message(message))
                await self._run_on()
            self.stage.start(self.instance.tick())

    async def _run_on(self) -> None:
        await self.stage.settle()
        while self.stage.ready:
            self.stage.step(self.stage.ready[0], 0)
            await self.stage.settle()


class MortalProcesses(Processes):
    """Any process may die at any step. The lease it held runs out; its message comes again."""

    mortal = True


class FilingProcesses(Processes):
    """No queue and no timer: two processes that meet have nobody else to save them."""

    queued = False


@pytest.mark.parametrize("machine", [Processes, MortalProcesses, FilingProcesses])
def test_no_interleaving_forgets_what_was_filed(machine: type[Processes]) -> None:
    run_state_machine_as_test(machine, settings=_SETTINGS)


def test_the_look_after_letting_go_is_what_it_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without it the same search finds the gap: the proof is worth something."""

    async def blind(self: Handover[Any]) -> bool:
        try:
            async with self._hold() as held:
                await self._work(held)
        except LeaseUnavailable:
            return False
        return True

    monkeypatch.setattr(Handover, "here", blind)
    search = settings(
        _SETTINGS, max_examples=3000, phases=[Phase.generate], database=None, derandomize=True
    )
    with pytest.raises(AssertionError, match="nobody will ever look"):
        run_state_machine_as_test(FilingProcesses, settings=search)
