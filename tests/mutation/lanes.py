"""Work that is shared between forked processes, one for each core."""

from __future__ import annotations

import os
import traceback
import warnings
from collections.abc import Callable, Iterable, Iterator

Work = Callable[[int], str]
"""What becomes of a number: one short line."""


def side_by_side(count: int, lanes: int, work: Work) -> Iterator[tuple[int, str]]:
    """Each number below ``count``, with what became of it, in the order in which they end.

    :raises RuntimeError: a process broke off, and some numbers are missing.
    """
    reader, writer = os.pipe()
    children = [_lane(range(lane, count, lanes), work, reader, writer) for lane in range(lanes)]
    os.close(writer)
    missing = count
    with os.fdopen(reader, encoding="ascii") as lines:
        for line in lines:
            at, _, became = line.rstrip("\n").partition(" ")
            missing -= 1
            yield int(at), became
    ended = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
    if missing or any(ended):
        raise RuntimeError(f"{missing} of {count} are missing; the processes ended with {ended}.")


def _lane(numbers: Iterable[int], work: Work, reader: int, writer: int) -> int:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # Threads: none is of these tests.
        child = os.fork()
    if child:
        return child
    status = 1
    try:
        os.close(reader)
        for at in numbers:
            os.write(writer, f"{at} {work(at)}\n".encode("ascii"))  # Short: at once, or not at all.
        status = 0
    except BaseException:  # noqa: BLE001  the parent learns of it by the exit status
        traceback.print_exc()
    finally:
        os._exit(status)
