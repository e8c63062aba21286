"""The lines of an export: a header, a row each, and an end that says how many and their checksum.

Values are written as they are stored, byte by byte, since some rows are changed only if they still
are what was read. What is no JSON, the chunks of large sets, is written in base64.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

import msgspec

from provisioning.errors import InvalidRequest, Problem, cut
from provisioning.forgetting import FATES

FORMAT = "zscloud-provisioning-state"
VERSION = 1
"""Of the lines, and of what the rows mean. An older program refuses a newer one."""

_LONGEST = 16 * 1024 * 1024
"""Bytes of one line. No store has rows near as long."""

_END = b'{"end":'
_FIELD = "FILE"


class Header(msgspec.Struct, frozen=True, kw_only=True):
    """Whose state it is, and of when (RFC 3339). ``log``: with the provisioning log."""

    format: str
    version: int
    job: str
    exported_at: str
    log: bool


class Line(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One stored row: table, key, and the value as JSON (``v``) or in base64 (``b``)."""

    t: str
    k: str
    v: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    b: bytes | msgspec.UnsetType = msgspec.UNSET

    @property
    def value(self) -> bytes | None:
        """The value as it is stored; ``None`` if the line has none, or two."""
        if self.b is msgspec.UNSET:
            return None if self.v is msgspec.UNSET else bytes(self.v)
        return self.b if self.v is msgspec.UNSET else None


class Totals(msgspec.Struct, frozen=True):
    """How many rows there are, and the SHA-256 of all lines before, in hexadecimal."""

    rows: int
    sha256: str


class End(msgspec.Struct, frozen=True):
    """The last line."""

    end: Totals


class StoredRow(NamedTuple):
    """One row. ``table`` is its name without the job's."""

    table: str
    key: str
    value: bytes


_encode = msgspec.json.Encoder().encode
_header = msgspec.json.Decoder(Header).decode
_line = msgspec.json.Decoder(Line).decode
_end = msgspec.json.Decoder(End).decode
_raw = msgspec.json.Decoder(msgspec.Raw).decode
_UNREADABLE = (msgspec.MsgspecError, UnicodeError, RecursionError)


class Writer:
    """Writes an export, line by line. ``rows`` and ``sha256`` are of what was written so far."""

    def __init__(self, file: BinaryIO, header: Header) -> None:
        self._file = file
        self._digest = hashlib.sha256()
        self.rows = 0
        self._put(_encode(header))

    def put(self, row: StoredRow) -> None:
        """Writes one row."""
        line = Line(t=row.table, k=row.key, b=row.value)
        if _is_plain(row.value):
            line = Line(t=row.table, k=row.key, v=msgspec.Raw(row.value))
        self._put(_encode(line))
        self.rows += 1

    def end(self) -> Totals:
        """Writes the last line."""
        totals = Totals(self.rows, self._digest.hexdigest())
        self._file.write(_encode(End(totals)) + b"\n")
        return totals

    def _put(self, line: bytes) -> None:
        line += b"\n"
        self._digest.update(line)
        self._file.write(line)


class Reader:
    """Reads an export to its end. ``header`` is there at once, ``totals`` after the last row.

    Raises ``InvalidRequest`` that names the line, for what is no export, is newer, is damaged, or
    ends too early.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._digest = hashlib.sha256()
        self._number = 0
        self.totals: Totals | None = None
        self.header = self._read_header()

    def _read_header(self) -> Header:
        first = self._next()
        try:
            header = _header(first)
        except _UNREADABLE:
            raise _no_export() from None
        if header.format != FORMAT:
            raise _no_export()
        if header.version > VERSION:
            raise _problem(
                f"is of version {header.version}, and this program knows versions up to {VERSION}",
                "Import it with the version of the program that wrote it, or a newer one.",
            )
        return header

    def rows(self) -> Iterator[StoredRow]:
        """All rows. What it gives is proven only when it has come to its end."""
        rows = 0
        while True:
            known = self._digest.hexdigest()
            line = self._next()
            if line.startswith(_END):
                self._check_end(line, rows, known)
                return
            yield self._row(line)
            rows += 1

    def _row(self, text: bytes) -> StoredRow:
        try:
            line = _line(text)
        except _UNREADABLE as error:
            raise self._damaged(str(error)) from None
        value = line.value
        if value is None or not line.k:
            raise self._damaged("it has no key, no value, or two values")
        if line.t not in FATES:
            raise self._damaged(f"this program has no table {cut(line.t, 50)!r}")
        return StoredRow(line.t, line.k, value)

    def _check_end(self, text: bytes, rows: int, sha256: str) -> None:
        try:
            totals = _end(text).end
        except _UNREADABLE as error:
            raise self._damaged(str(error)) from None
        if totals != Totals(rows, sha256):
            raise _problem(
                f"is damaged: it says {totals.rows} rows with the checksum "
                f"{totals.sha256[:12]}…, and has {rows} with {sha256[:12]}…",
                _ANOTHER_COPY,
            )
        if self._file.read(1):
            raise self._damaged("something follows the end")
        self.totals = totals

    def _next(self) -> bytes:
        line = self._file.readline(_LONGEST)
        self._number += 1
        if not line.endswith(b"\n"):
            if self._number == 1:
                raise _no_export()
            early = len(line) < _LONGEST
            raise self._damaged(
                "the file ends before its end" if early else "it is longer than any that is written"
            )
        self._digest.update(line)
        return line

    def _damaged(self, why: str) -> InvalidRequest:
        return _problem(f"is damaged at line {self._number}: {why}", _ANOTHER_COPY)


_ANOTHER_COPY = "Take another copy of it, or export the state once more. Nothing was imported."


def _is_plain(value: bytes) -> bool:
    """Whether a value is JSON of one line."""
    if b"\n" in value:
        return False
    try:
        value.decode()
        _raw(value)
    except _UNREADABLE:
        return False
    return True


def _no_export() -> InvalidRequest:
    return _problem("is no export of a job's state", "Give a file that `state export` has written.")


def _problem(message: str, remedy: str) -> InvalidRequest:
    return InvalidRequest(Problem(_FIELD, message, remedy))
