"""Whether the tests of the pure modules notice what is wrong in them: see ``tests.mutation``."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from acceptance.telling import Telling

_SCORE = 90.0
_SEED = "1"


async def mutants(telling: Telling, *, sample: int) -> None:
    """Tries so many mutants of the pure modules, always the same ones; 0 tries all."""
    with TemporaryDirectory() as folder:
        file = Path(folder) / "mutants.json"
        arguments = ["-m", "tests.mutation", "--seed", _SEED, "--sample", str(sample)]
        process = await asyncio.create_subprocess_exec(
            *("nice", "-n", "19", sys.executable, *arguments),
            *("--bound", "0", "--json", str(file)),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            output, errors = await process.communicate()
        finally:
            if process.returncode is None:  # The story beside it broke off.
                process.kill()
                await process.wait()
        telling.check(process.returncode == 0, (output[-2000:] + errors[-2000:]).decode())
        if not file.exists():
            return
        found = json.loads(file.read_text("utf-8"))
    modules = found["modules"]
    survivors = [
        f"{each['module']}:{one['line']} {one['becomes'].strip()}"
        for each in modules
        for one in each["survivors"]
    ]
    telling.measured(
        mutants=sum(each["mutants"] for each in modules),
        survived=len(survivors),
        explained=found["explained"],
        score_percent=found["score"],
    )
    telling.check(found["score"] >= _SCORE, f"survived: {'; '.join(survivors)}")
