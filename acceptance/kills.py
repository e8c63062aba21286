"""Every test of which the suite tries a sample, with all that it means to try."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

from acceptance.telling import Telling
from demo.stage import ROOT

_SAMPLING = ("tests.thoroughness", "tests.scenarios.kills")


async def kills(telling: Telling) -> None:
    """The suite tries few of the steps and examples (``tests/thoroughness.py``), this all."""
    files = sampled()
    telling.measured(files=len(files))
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "pytest", "-q", "-n", "auto", "--dist", "worksteal"),
        *("--timeout", "1200", *files),
        env={**os.environ, "THOROUGH": "1"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    telling.check(process.returncode == 0, output[-2000:].decode(errors="replace"))


def sampled() -> list[str]:
    """The files of tests that ask how thorough they are to be."""
    files = sorted((ROOT / "tests").glob("*/test_*.py"))
    return [str(file.relative_to(ROOT)) for file in files if _samples(file)]


def _samples(file: Path) -> bool:
    text = file.read_text(encoding="utf-8")
    return any(f"from {module} import" in text for module in _SAMPLING)
