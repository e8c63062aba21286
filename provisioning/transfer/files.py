"""The file of an export. It holds personal data: only its owner may read it."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from provisioning.errors import InvalidRequest, Problem

_UNFINISHED = ".unfinished"


@contextlib.contextmanager
def private_file(path: Path) -> Iterator[BinaryIO]:
    """A new file that has its name only once all of it is on the disk.

    Raises ``InvalidRequest`` for a file that exists, or cannot be made.
    """
    if path.exists():
        raise _problem(f"{path} exists already", "Name another file, or delete it.")
    unfinished = path.with_name(path.name + _UNFINISHED)
    try:
        unfinished.unlink(missing_ok=True)
        made = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        remedy = "Name a file in a folder that this user may write to."
        raise _problem(f"{path} cannot be written ({error.strerror})", remedy) from error
    try:
        with os.fdopen(made, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        unfinished.rename(path)
    except BaseException as error:
        unfinished.unlink(missing_ok=True)
        if isinstance(error, OSError):
            remedy = "Free disk space, or name a file elsewhere."
            raise _problem(f"{path} cannot be written ({error.strerror})", remedy) from error
        raise


@contextlib.contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
    """A file to read. Raises ``InvalidRequest`` if it cannot be read."""
    try:
        with path.open("rb") as file:
            yield file
    except OSError as error:
        remedy = "Name a file that `state export` has written, and that this user may read."
        raise _problem(f"{path} cannot be read ({error.strerror})", remedy) from error


def _problem(message: str, remedy: str) -> InvalidRequest:
    return InvalidRequest(Problem("FILE", message, remedy))
