"""What this process holds: its resident set, its CPU time, and how long its loop stood still."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

_STATUS = Path("/proc/self/status")
_CLEAR = Path("/proc/self/clear_refs")
_PEAK_ONLY = "5"
_BEAT = 0.05
MIB = 1024 * 1024


def peak() -> int:
    """Bytes, since the process began or since ``forget_peak``.

    On Linux ru_maxrss would start from that of the parent, VmHWM does not (proc(5)).
    """
    if _STATUS.exists():
        lines = _STATUS.read_text(encoding="ascii").splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:"))
    import resource  # not on Windows

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def forget_peak() -> None:
    """The peak begins anew (proc(5), clear_refs). Where that is not possible it stays."""
    try:
        _CLEAR.write_text(_PEAK_ONLY, encoding="ascii")
    except OSError:
        return


class Heart:
    """Notes the longest time that the event loop did nothing else: a lease is renewed by it."""

    def __init__(self) -> None:
        self.longest = 0.0
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Heart:
        self._task = asyncio.create_task(self._beat())
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _beat(self) -> None:
        while True:
            began = time.thread_time(), time.perf_counter()
            await asyncio.sleep(_BEAT)
            # Of a busy machine the process's own CPU time is what it stood still for.
            stood = min(time.thread_time() - began[0], time.perf_counter() - began[1] - _BEAT)
            self.longest = max(self.longest, stood)
