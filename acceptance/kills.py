"""The stories of faults and of killed processes, with all that they mean to try."""

from __future__ import annotations

import asyncio
import os
import sys

from acceptance.telling import Telling

_STORIES = ("test_crash", "test_bulk", "test_brake_counting", "test_held", "test_rebuild")
_FAULTS = ("test_faults", "test_grace_orders")


async def kills(telling: Telling) -> None:
    """The suite tries few of the steps and examples (``tests/thoroughness.py``), this all."""
    files = [f"tests/scenarios/{name}.py" for name in (*_STORIES, *_FAULTS)]
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "pytest", "-q", "-n", "auto", "--timeout", "1200", *files),
        env={**os.environ, "THOROUGH": "1"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    telling.check(process.returncode == 0, output[-2000:].decode(errors="replace"))
