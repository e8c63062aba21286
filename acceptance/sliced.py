"""An initial load in short executions is one cycle; a call on demand is answered meanwhile."""

from __future__ import annotations

import asyncio
import time

from acceptance.stage import Stage, stage
from acceptance.telling import Telling

_ON_DEMAND_SECONDS = 20.0


async def sliced(telling: Telling, *, users: int, rate: int, budget: int) -> None:
    """Executions of a few seconds each: the cycle goes on, and its progress only grows."""
    async with stage(users, rate, DRAIN_BUDGET_SECONDS=str(budget)) as made:
        cycle_id = await made.start_initial()
        seen: list[tuple[str, int, int]] = []
        answered = asyncio.create_task(_on_demand(made, rate))
        while not seen or seen[-1][0] == cycle_id:
            status = await made.any_call("status")
            if status is None or status["cycle"] is None:
                continue
            cycle = status["cycle"]
            seen.append((cycle["cycle_id"], cycle["progress"]["done"], cycle["progress"]["left"]))
            if cycle["status"] not in ("queued", "running"):
                break
            await asyncio.sleep(0.3)
        took = await answered
        executions = sum(
            instance.log.read_text().count("work: done in") for instance in made.instances
        )
        telling.measured(
            users=users,
            budget_seconds=budget,
            executions=executions,
            looks=len(seen),
            on_demand_seconds=took,
        )
        done = [each[1] for each in seen]
        telling.check({each[0] for each in seen} == {cycle_id}, "status showed another cycle")
        telling.check(done == sorted(done), "progress went back")
        telling.check(executions > users / rate / budget / 2, f"only {executions} executions")
        telling.check(took < _ON_DEMAND_SECONDS, f"on demand took {took:.1f} s")
        telling.wrong += await made.wrong()


async def _on_demand(made: Stage, rate: int) -> float:
    """Asks the instance that does not write for a user who is not there yet. Seconds it took."""
    await made.reached(rate)
    directory = await made.remote.directory()
    there = {account.external_id for account in (await made.remote.tenant()).accounts}
    user = max(id for id in directory.in_scope if id not in there)
    holder = await made.holder()
    other = next(instance for instance in made.instances if instance is not holder)
    began = time.monotonic()
    answer = await other.call("POST", "provision-on-demand", {"user": user})
    (result,) = answer["results"]
    assert result["outcome"] == "create", answer
    return time.monotonic() - began
