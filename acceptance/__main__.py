"""``python -m acceptance``: all stories, or those named. ``FULL=1`` tells them at full size."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from collections.abc import Awaitable, Callable
from functools import partial

from acceptance.flood import flood
from acceptance.killed import killed
from acceptance.kills import kills
from acceptance.live import leavers, live
from acceptance.mutants import mutants
from acceptance.paused import paused
from acceptance.sliced import sliced
from acceptance.telling import Telling

Story = Callable[[Telling], Awaitable[None]]

SCALED: dict[str, Story] = {
    "killed": partial(killed, users=200, rate=10, kills=2),
    # Right in any case; how fast is a question to an idle machine, and asked at full size.
    "live": partial(live, users=60, rate=20, changes=20, interval=5, bound=10.0),
    "leavers": partial(leavers, users=300, rate=10, count=8, bound=10.0),
    "flood": partial(flood, users=60, rate=5, notifications=1000, seconds=6.0, bound=3.0),
    "sliced": partial(sliced, users=200, rate=20, budget=2),
    "paused": partial(paused, users=260, rate=5),
    "mutants": partial(mutants, sample=60),
}
FULL: dict[str, Story] = {
    "sliced": partial(sliced, users=600, rate=5, budget=20),
    "killed": partial(killed, users=2000, rate=5, kills=20),
    "paused": partial(paused, users=400, rate=5),
    "live": partial(live, users=260, rate=5, changes=200, interval=30, bound=2.0),
    "leavers": partial(leavers, users=5000, rate=5, count=100, bound=2.0),
    "flood": partial(flood, users=600, rate=5, notifications=10_000, seconds=60.0, bound=0.1),
    "mutants": partial(mutants, sample=0),
    "kills": kills,
}
_BESIDE = {"paused": "mutants"}
"""Scaled down, the one is told beside the other, at low priority: it computes while that one waits
for a lease to run out, and is not asked how fast it is.
"""


async def main(names: list[str]) -> int:
    """Tells the stories; the exit status."""
    stories = FULL if os.environ.get("FULL") == "1" else SCALED
    names = names or list(stories)
    beside = _BESIDE if stories is SCALED else {}
    tasks: dict[str, asyncio.Task[tuple[Telling, float]]] = {}
    results = []
    async with asyncio.TaskGroup() as group:
        for name in names:
            for each in (name, beside.get(name)):
                if each in names and each not in tasks:
                    tasks[each] = group.create_task(_tell(stories[each], each))
            telling, seconds = await tasks[name]
            _show(telling, seconds)
            results.append({"story": name, **telling.figures, "wrong": telling.wrong})
    print(json.dumps(results))
    return 1 if any(result["wrong"] for result in results) else 0


async def _tell(story: Story, name: str) -> tuple[Telling, float]:
    """Tells one story. How it went, and the seconds that it took."""
    telling = Telling(name)
    began = time.monotonic()
    await story(telling)
    return telling, time.monotonic() - began


def _show(telling: Telling, seconds: float) -> None:
    print(f"{telling.name}: {'WRONG' if telling.wrong else 'ok'} in {seconds:.0f} s")
    for figure, value in telling.figures.items():
        print(f"    {figure.replace('_', ' '):<36} {value:10.1f}")
    for sentence in telling.wrong[:20]:
        print(f"    WRONG: {sentence}")
    sys.stdout.flush()  # Into a file or a pipe, too, each story is shown as it ends.


if __name__ == "__main__":
    sys.exit(asyncio.run(main(sys.argv[1:])))
