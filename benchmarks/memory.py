"""The peak resident set of an initial cycle, by users in scope.

The cycle runs in a process of its own: ``python -m benchmarks.memory FILE`` with the settings in
the environment and the store in the file prints its peak in bytes.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks import servers
from benchmarks.figure import Figure, Size
from benchmarks.program import environment, initial_cycle
from provisioning.state.sqlite import SqliteStore

MEASURE = "memory"
_MIB = 1024 * 1024
_BUDGET_MIB = 400
_BUDGET_USERS = 200_000
_ENOUGH = 10_000
"""Below, what the line rises by is the noise of the allocator."""

_STATUS = Path("/proc/self/status")


def measure(size: Size) -> list[Figure]:
    """The peak at two sizes, and the straight line through them at 200,000 users.

    The group of all has every user as a member, as a company's licence group has.
    """
    sizes = (size.users, size.large)
    small, large = (_peak_mib(users, size.departments) for users in sizes)
    slope = (large - small) / (sizes[1] - sizes[0])
    expected = large + slope * (_BUDGET_USERS - sizes[1])
    return [
        Figure(MEASURE, f"{sizes[0]:,} users in scope", small, "MiB", _BUDGET_MIB),
        Figure(MEASURE, f"{sizes[1]:,} users in scope", large, "MiB", _BUDGET_MIB),
        Figure(
            MEASURE,
            f"extrapolated to {_BUDGET_USERS:,}",
            expected,
            "MiB",
            _BUDGET_MIB if sizes[1] >= _ENOUGH else None,
            source="budget of memory, in a straight line",
        ),
    ]


def _peak_mib(users: int, departments: int) -> float:
    with (
        servers.entra(users, departments) as entra,
        servers.zscloud() as zscloud,
        tempfile.TemporaryDirectory() as folder,
    ):
        child = subprocess.run(
            [sys.executable, "-m", "benchmarks.memory", f"{folder}/provisioning.db"],
            cwd=servers.ROOT,
            env={**os.environ, **environment(entra, zscloud)},
            stdout=subprocess.PIPE,
            check=True,
        )
    return int(child.stdout) / _MIB


def _peak() -> int:
    """Bytes. On Linux ru_maxrss would start from that of the parent, VmHWM does not (proc(5))."""
    if _STATUS.exists():
        lines = _STATUS.read_text(encoding="ascii").splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:"))
    import resource  # not on Windows

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


if __name__ == "__main__":
    asyncio.run(initial_cycle(os.environ, SqliteStore(sys.argv[1])))
    sys.stdout.write(f"{_peak()}\n")
