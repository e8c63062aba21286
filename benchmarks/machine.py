"""The machine that the figures hold for."""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass
from pathlib import Path

_CPUS = Path("/proc/cpuinfo")
_MEMORY = Path("/proc/meminfo")


@dataclass(frozen=True, slots=True)
class Machine:
    """``load`` is the load average of a minute before the first measure; -1 where there is none."""

    processor: str
    cores: int
    memory_gib: float
    system: str
    python: str
    load: float

    @property
    def sentence(self) -> str:
        """All of it, for people."""
        return (
            f"{self.cores} cores of {self.processor}, {self.memory_gib:.0f} GiB, {self.system}, "
            f"Python {self.python}; load average before the start {self.load:.1f}"
        )


def this_machine() -> Machine:
    """Read where Linux tells it, else what Python knows."""
    return Machine(
        processor=_value(_CPUS, "model name") or platform.processor() or platform.machine(),
        cores=os.cpu_count() or 0,
        memory_gib=int(_value(_MEMORY, "MemTotal").partition(" ")[0] or 0) / 1024**2,
        system=f"{platform.system()} {platform.release().partition('-')[0]}",
        python=platform.python_version(),
        load=os.getloadavg()[0] if hasattr(os, "getloadavg") else -1.0,
    )


def _value(file: Path, name: str) -> str:
    if not file.exists():
        return ""
    lines = file.read_text(encoding="utf-8", errors="replace").splitlines()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith(name)), "")
