"""``python -m demo``: the main job on simulated tenants. Exit status 1 when anything is wrong."""

from __future__ import annotations

import asyncio
import sys
import time

from demo import show
from demo.program import ProgramFailed, program
from demo.remote import RemoteFailed
from demo.stage import StageFailed, stage
from demo.story import tell


async def main() -> int:
    """Runs the demo and gives its exit status."""
    began = time.monotonic()
    show.headline("ZSCloud provisioning, with a simulated Entra and a simulated ZSCloud")
    try:
        async with stage() as built, program(built.environ) as running:
            show.line(f"driven: {running.how}")
            wrong = await tell(built.remote, running)
    except (ProgramFailed, RemoteFailed, StageFailed) as error:
        wrong = [str(error)]
    show.headline(f"{'Done' if not wrong else 'Failed'} in {time.monotonic() - began:.0f} s")
    if wrong:
        show.problems(wrong)
        return 1
    show.line("no 429, no broken rule, at most 5 requests in any second, no write without a change")
    return 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
