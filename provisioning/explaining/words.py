"""Small words that several steps share."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from provisioning.model import Key

_LAST = 253_402_300_799.0
"""The last second of the year 9999. A remote system, or a damaged store, may name a later one."""


def moment(seconds: float) -> str:
    """Epoch seconds as RFC 3339, as in every other document."""
    return _date(seconds).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def clock_time(seconds: float) -> str:
    """Epoch seconds as people read them, in UTC."""
    return _date(seconds).strftime("%Y-%m-%d %H:%M UTC")


def _date(seconds: float) -> datetime:
    """The nearest that can be written: no time of ours lies before 1970."""
    return datetime.fromtimestamp(min(max(seconds, 0.0), _LAST), UTC)


def clause(sentence: str) -> str:
    """A sentence as a part of another one. Names of settings and products stay as they are."""
    text = sentence.rstrip(".")
    rest = text.partition(" ")[0][1:]
    return text[:1].lower() + text[1:] if not rest or rest.islower() else text


def quoted(names: Iterable[str]) -> str:
    """Names in quotes, with commas."""
    return ", ".join(f"'{name}'" for name in names)


def called(key: Key, name: str) -> str:
    """A principal by name and id: names alone may be held twice."""
    return f"{key.type.value} '{name}' ({key.id})"
