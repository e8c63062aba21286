"""SQLite's errors, as errors that say what to do (SQLite: Result and Error Codes)."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from provisioning.errors import ProvisioningError, StoreUnavailable
from provisioning.state.sqlite.schema import refusal

_PRIMARY = 0xFF
"""The low byte of an extended result code is the primary one."""

_LATER = {
    sqlite3.SQLITE_BUSY: (
        "is locked by another process",
        "Run again; if it lasts, end the program that keeps the database locked.",
    ),
    sqlite3.SQLITE_LOCKED: (
        "is locked by another connection",
        "Run again; if it lasts, end the program that keeps the database locked.",
    ),
    sqlite3.SQLITE_PROTOCOL: (
        "could not be locked",
        "Run again; the database must not lie on a network file system.",
    ),
    sqlite3.SQLITE_FULL: (
        "cannot grow: the disk is full",
        "Free disk space, then run again. Nothing confirmed was lost.",
    ),
    sqlite3.SQLITE_IOERR: (
        "could not be read or written",
        "Check the disk and the file system, then run again.",
    ),
}

_NEVER = {
    sqlite3.SQLITE_NOTADB: (
        "is no SQLite database.",
        "Name a file that does not exist yet, or the database of this program.",
    ),
    sqlite3.SQLITE_CORRUPT: (
        "is damaged.",
        "Restore a backup, or move it away: an initial cycle finds the accounts in ZSCloud again.",
    ),
    sqlite3.SQLITE_READONLY: (
        "cannot be written.",
        "Give this user write permission for the file and its folder.",
    ),
    sqlite3.SQLITE_PERM: (
        "cannot be written.",
        "Give this user write permission for the file and its folder.",
    ),
    sqlite3.SQLITE_CANTOPEN: (
        "cannot be opened.",
        "Name a file, not a folder, in a folder that this user may write to.",
    ),
}


def translated(error: sqlite3.Error, path: Path) -> ProvisioningError | None:
    """The error to raise instead; ``None`` for one that only a mistake in our code causes."""
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_MISUSE) & _PRIMARY
    if code in _LATER:
        what, remedy = _LATER[code]
        return StoreUnavailable(f"The state store {path} {what} ({error}).", remedy=remedy)
    if code in _NEVER:
        what, remedy = _NEVER[code]
        return refusal(f"{path} {what}", remedy)
    return None


@contextmanager
def translating(path: Path) -> Iterator[None]:
    """Raises ``StoreUnavailable`` or ``ConfigurationError`` in place of SQLite's errors."""
    try:
        yield
    except sqlite3.Error as error:
        better = translated(error, path)
        if better is None:
            raise
        raise better from error
