"""The time limit of functions. Over it the process ends, as the platform ends a worker.

It is watched from a thread of its own: a function that blocks the event loop is noticed too.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Self

_log = logging.getLogger(__name__)

EXIT_STATUS = 70
"""Of a process that was ended: an error of the app (sysexits.h: EX_SOFTWARE)."""

_LOOK_EVERY = 1.0
"""Seconds between looks at the deadlines; only for one that is nearer the thread is woken."""


class Watchdog:
    """Ends the process when something takes longer than it may. Use it as a context manager."""

    def __init__(self) -> None:
        self._deadlines: dict[object, tuple[float, str]] = {}
        self._lock = threading.Lock()
        self._changed = threading.Event()
        self._ended = False
        self._thread = threading.Thread(target=self._watch, name="watchdog", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended = True
        self._changed.set()
        self._thread.join()

    @contextmanager
    def limit(self, seconds: float | None, complaint: str) -> Iterator[None]:
        """Lets the body take so many seconds, ``None`` for ever. ``complaint`` is what is logged
        before the process ends.
        """
        if seconds is None:
            yield
            return
        mark = self._expect(seconds, complaint)
        try:
            yield
        finally:
            with self._lock:
                del self._deadlines[mark]

    def expect_end(self, seconds: float) -> None:
        """Lets the process go on for so many seconds."""
        self._expect(seconds, "Not everything came to its end in time.")

    def _expect(self, seconds: float, complaint: str) -> object:
        mark = object()
        with self._lock:
            self._deadlines[mark] = (time.monotonic() + seconds, complaint)
        if seconds < _LOOK_EVERY:
            self._changed.set()
        return mark

    def _watch(self) -> None:
        while not self._ended:
            with self._lock:
                first = min(self._deadlines.values(), default=None)
            wait = _LOOK_EVERY
            if first is not None:
                wait = min(wait, first[0] - time.monotonic())
                if wait <= 0:
                    _end(first[1])
            self._changed.wait(wait)
            self._changed.clear()


def _end(complaint: str) -> None:
    _log.critical("%s The process ends.", complaint)
    logging.shutdown()
    os._exit(EXIT_STATUS)
