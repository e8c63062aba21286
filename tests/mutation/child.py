"""One forked child, bounded in time and memory, and how it ended."""

from __future__ import annotations

import os
import resource
import signal
import time
import warnings
from collections.abc import Callable
from enum import StrEnum

_MEMORY = 2 << 30
"""Bytes that a child may take on top of what there is: a mutant may never end to collect."""
_WALL_FACTOR = 20
"""Seconds on the clock for one second of processor time, on a machine that is busy."""


class Verdict(StrEnum):
    """What became of a mutant."""

    KILLED = "killed"
    SURVIVED = "survived"
    TIMEOUT = "timeout"


def run_forked(work: Callable[[], bool], *, seconds: float) -> Verdict:
    """Runs ``work`` in a child; it says whether all tests passed. ``seconds`` of processor time."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # Threads: none is of these tests.
        child = os.fork()
    if child == 0:
        _be_child(work, seconds)
    return _verdict(child, seconds)


def _be_child(work: Callable[[], bool], seconds: float) -> None:
    passed = False
    try:
        quiet = os.open(os.devnull, os.O_RDWR)
        for each in (0, 1, 2):
            os.dup2(quiet, each)
        limit = max(1, round(seconds))
        resource.setrlimit(resource.RLIMIT_CPU, (limit, limit))
        resource.setrlimit(resource.RLIMIT_AS, (_taken() + _MEMORY,) * 2)
        passed = work()
    finally:
        os._exit(0 if passed else 1)


def _taken() -> int:
    with open("/proc/self/statm", "rb") as statm:  # noqa: PTH123  in a child, each call counts
        return int(statm.read().split()[0]) * resource.getpagesize()


def _verdict(child: int, seconds: float) -> Verdict:
    """Processor time is bounded by the system; a child that only waits, by the clock."""
    ends = time.monotonic() + max(seconds * _WALL_FACTOR, 30)
    pause = 0.0005
    while True:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            break
        if time.monotonic() > ends:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            return Verdict.TIMEOUT
        time.sleep(pause)
        pause = min(pause * 1.3, 0.02)
    if os.WIFSIGNALED(status):
        return Verdict.TIMEOUT
    return Verdict.SURVIVED if os.waitstatus_to_exitcode(status) == 0 else Verdict.KILLED
