"""``logs --format``: JSON Lines or CSV, page after page, to a file or to standard output."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import IO, TYPE_CHECKING

import typer

from provisioning.cli import output
from provisioning.cli.progress import LINE_EVERY
from provisioning.cli.session import Outcome
from provisioning.errors import InvalidRequest, Problem
from provisioning.operations import log_formats
from provisioning.operations.log_formats import LogFormat

if TYPE_CHECKING:
    from provisioning.operations.logs import LogFilters
    from provisioning.services import Services


class _Written:
    """How far it is. Said on standard error now and then, and at the end."""

    def __init__(self, after: str | None) -> None:
        self._entries = 0
        self._after = after
        self._said = time.monotonic()

    def note(self, entries: int, oldest: str | None, after: str | None) -> None:
        """So many more were written; the next page begins behind ``after``."""
        self._entries += entries
        self._after = after
        if time.monotonic() - self._said >= LINE_EVERY:
            self._said = time.monotonic()
            back = "" if oldest is None else f", back to {oldest}"
            self._say(f"{self._entries:,} entries written{back}")

    def end(self) -> None:
        """What was written, and where it goes on, also if it was broken off."""
        self._say(f"{self._entries:,} entries written.")
        if self._after:
            self._say(f"More: --after {self._after}")

    @staticmethod
    def _say(text: str) -> None:
        output.notices().print(output.plain(text), soft_wrap=True)


async def export(
    services: Services,
    filters: LogFilters,
    format: LogFormat,
    to: Path | None,
    *,
    limit: int | None,
    after: str | None,
) -> Outcome:
    """Writes what fits, newest first; standard output without ``to``. An existing file is
    written anew. What was written stays if a later page cannot be read.

    Raises ``InvalidRequest``, also for a file that cannot be written, and as ``query_logs`` does.
    """
    from provisioning.operations.logs import all_pages

    written = _Written(after)
    pages = all_pages(services, filters, limit=limit, after=after)
    first = await anext(pages)  # What is wrong with the filters leaves an existing file alone.
    with _ending_quietly(), _opened(to) as file:
        try:
            _write(file, log_formats.head(format))
            page = first
            while True:
                _write(file, log_formats.lines(format, page.entries))
                oldest = page.entries[-1]["time"] if page.entries else None
                written.note(len(page.entries), oldest, page.next)
                following = await anext(pages, None)
                if following is None:
                    break
                page = following
        finally:
            written.end()
    return Outcome({}, lambda _: None)


def _write(file: IO[bytes], text: str) -> None:
    file.write(text.encode())
    file.flush()


@contextlib.contextmanager
def _opened(path: Path | None) -> Iterator[IO[bytes]]:
    """The file, for its owner only: it holds personal data."""
    if path is None:
        yield typer.get_binary_stream("stdout")
        return
    try:
        mode = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
        file = os.fdopen(os.open(path, mode, 0o600), "wb")
    except OSError as error:
        raise _unwritable(path, error) from error
    with closing(file):
        try:
            yield file
        except OSError as error:
            raise _unwritable(path, error) from error


def _unwritable(path: Path, error: OSError) -> InvalidRequest:
    problem = f"{path} cannot be written ({error.strerror})"
    return InvalidRequest(Problem("output", problem, "Name a file that this user may write."))


@contextlib.contextmanager
def _ending_quietly() -> Iterator[None]:
    """Whoever reads standard output may have seen enough, as ``head`` has."""
    try:
        yield
    except BrokenPipeError:
        # Python would say so once more when it closes the stream at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
