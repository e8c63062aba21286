"""Patterns of dates as .NET has them, to write a date by and to read one by.

.NET: "Custom date and time format strings", "Standard date and time format strings"; the culture
is the invariant one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import lru_cache

import msgspec

from provisioning.errors import cut
from provisioning.expressions.date_texts import DAYS, MONTHS, hour_of, in_utc, moment

MAX_FORMAT_LENGTH = 200
MAX_TEXT_LENGTH = 200

_STANDARD: Mapping[str, str] = {
    "d": "MM/dd/yyyy",
    "D": "dddd, dd MMMM yyyy",
    "f": "dddd, dd MMMM yyyy HH:mm",
    "F": "dddd, dd MMMM yyyy HH:mm:ss",
    "g": "MM/dd/yyyy HH:mm",
    "G": "MM/dd/yyyy HH:mm:ss",
    "m": "MMMM dd",
    "M": "MMMM dd",
    "o": "yyyy-MM-ddTHH:mm:ss.fffffffK",
    "O": "yyyy-MM-ddTHH:mm:ss.fffffffK",
    "r": "ddd, dd MMM yyyy HH:mm:ss 'GMT'",
    "R": "ddd, dd MMM yyyy HH:mm:ss 'GMT'",
    "s": "yyyy-MM-ddTHH:mm:ss",
    "t": "HH:mm",
    "T": "HH:mm:ss",
    "u": "yyyy-MM-dd HH:mm:ss'Z'",
    "U": "dddd, dd MMMM yyyy HH:mm:ss",
    "y": "yyyy MMMM",
    "Y": "yyyy MMMM",
}
_LETTERS = "dfFghHKmMstyz"
_LONGEST = {"f": 7, "F": 7, "h": 2, "H": 2, "K": 1, "m": 2, "s": 2, "t": 2, "y": 5, "z": 3}
_TOKEN = re.compile(rf"""([{_LETTERS}])\1*|'([^']*)'|"([^"]*)"|\\(.)|(%)|(.)""", re.DOTALL)
_PIVOT = 49
"""Years of two digits up to this one are of this century (.NET: TwoDigitYearMax)."""


class InvalidFormat(ValueError):
    """A pattern that .NET does not know. ``position`` counts from 1."""

    def __init__(self, message: str, position: int) -> None:
        super().__init__(f"{message} at character {position} of the format")


class Specifier(msgspec.Struct, frozen=True):
    """A letter with its number: ``yyyy`` is ``y`` and 4."""

    letter: str
    count: int


class DateFormat(msgspec.Struct, frozen=True):
    """A pattern, read."""

    parts: tuple[Specifier | str, ...]

    def write(self, value: datetime) -> str:
        """A date in UTC by the pattern."""
        return "".join(
            part if isinstance(part, str) else _WRITERS[part.letter](value, part.count)
            for part in self.parts
        )

    def read(
        self, text: str, now: datetime | None, *, trim: bool = True, inner: bool = False
    ) -> datetime | None:
        """The date of a text that has exactly this form, in UTC; ``None`` for another text.

        ``trim`` allows white space around it, ``inner`` between the parts. A year that the
        pattern lacks is that of ``now``, and so is the day when it has no date at all (.NET).
        """
        if len(text) > MAX_TEXT_LENGTH:
            return None
        found = _reader(self.parts, inner).fullmatch(text.strip() if trim else text)
        if found is None:
            return None
        return _assembled(found.groupdict(), now)


@lru_cache(maxsize=256)
def date_format(text: str) -> DateFormat:
    """The pattern. Raises ``InvalidFormat``."""
    if not text:
        raise InvalidFormat("there is nothing", 1)
    if len(text) > MAX_FORMAT_LENGTH:
        raise InvalidFormat("there are too many characters", MAX_FORMAT_LENGTH + 1)
    if len(text) == 1:
        if text not in _STANDARD:
            raise InvalidFormat(f"{text!r} is no standard format", 1)
        text = _STANDARD[text]
    return DateFormat(tuple(_parts(text)))


def _parts(text: str) -> list[Specifier | str]:
    parts: list[Specifier | str] = []
    at = 0
    while at < len(text):
        found = _TOKEN.match(text, at)
        assert found is not None
        if found[1]:
            parts.append(_specifier(found[0], at))
        elif found[6] is not None:
            parts.append(_plain(found[6], at))
        elif found[5] is None:
            parts.append(next(part for part in found.group(2, 3, 4) if part is not None))
        elif found.end() == len(text) or text[found.end()] == "%":
            raise InvalidFormat("'%' has nothing after it", at + 1)
        at = found.end()
    return parts


def _specifier(text: str, at: int) -> Specifier:
    letter, count = text[0], len(text)
    longest = _LONGEST.get(letter)
    if longest is None:
        count = min(count, 4)  # longer is the same, in .NET
    elif count > longest:
        raise InvalidFormat(f"{cut(text, 10)!r} is no part of a date", at + 1)
    return Specifier(letter, count)


def _plain(character: str, at: int) -> str:
    if character in "'\"\\":
        raise InvalidFormat(f"{character!r} is not closed", at + 1)
    if character.isascii() and character.isalpha() and character not in "TZ":
        # .NET would copy it; it is a misspelled letter far more often.
        raise InvalidFormat(f"{character!r} is no part of a date; write it as text", at + 1)
    return character


# --- writing ---


def _padded(number: Callable[[datetime], int]) -> Callable[[datetime, int], str]:
    return lambda value, count: str(number(value)).zfill(count)


def _day(value: datetime, count: int) -> str:
    if count <= 2:
        return str(value.day).zfill(count)
    name = DAYS[value.weekday()]
    return name[:3] if count == 3 else name


def _month(value: datetime, count: int) -> str:
    if count <= 2:
        return str(value.month).zfill(count)
    name = MONTHS[value.month - 1]
    return name[:3] if count == 3 else name


def _year(value: datetime, count: int) -> str:
    return str(value.year % 100 if count <= 2 else value.year).zfill(count)


def _fraction(value: datetime, count: int) -> str:
    return f"{value.microsecond:06}0"[:count]


def _zone(_: datetime, count: int) -> str:
    return ("+0", "+00", "+00:00")[count - 1]


_WRITERS: Mapping[str, Callable[[datetime, int], str]] = {
    "d": _day,
    "f": _fraction,
    "F": lambda value, count: _fraction(value, count).rstrip("0"),
    "g": lambda *_: "A.D.",
    "h": _padded(lambda value: value.hour % 12 or 12),
    "H": _padded(lambda value: value.hour),
    "K": lambda *_: "Z",
    "m": _padded(lambda value: value.minute),
    "M": _month,
    "s": _padded(lambda value: value.second),
    "t": lambda value, count: ("AM" if value.hour < 12 else "PM")[:count],
    "y": _year,
    "z": _zone,
}


# --- reading ---

_DAY_NAMES = "|".join(DAYS)
_MONTH_NAMES = "|".join(MONTHS)
_NAMES = {
    ("d", 3): "|".join(name[:3] for name in DAYS),
    ("d", 4): _DAY_NAMES,
    ("M", 3): "|".join(name[:3] for name in MONTHS),
    ("M", 4): _MONTH_NAMES,
}
_ZONES = {1: "[+-][0-9]{1,2}", 2: "[+-][0-9]{2}", 3: "[+-][0-9]{2}:?[0-9]{2}"}


@lru_cache(maxsize=256)
def _reader(parts: tuple[Specifier | str, ...], inner: bool) -> re.Pattern[str]:  # noqa: FBT001
    seen: set[str] = set()
    pieces: list[str] = []
    for part in parts:
        if isinstance(part, str):
            pieces.append(re.escape(part))
            continue
        name = _group(part)
        # What a pattern has twice is read once, and the second time must be the same.
        pieces.append(f"(?P={name})" if name in seen else f"(?P<{name}>{_expected(part)})")
        seen.add(name)
    return re.compile((r"\s*" if inner else "").join(pieces), re.IGNORECASE | re.ASCII)


def _group(part: Specifier) -> str:
    named = (part.letter, part.count) in _NAMES
    return {"F": "f", "K": "z"}.get(part.letter, part.letter) + ("_" if named else "")


def _expected(part: Specifier) -> str:
    letter, count = part.letter, part.count
    names = _NAMES.get((letter, count))
    if names is not None:
        return names
    special = {
        "f": f"[0-9]{{{count}}}",
        "F": f"[0-9]{{0,{count}}}",
        "g": r"A\.?D\.?",
        "K": "(?:Z|[+-][0-9]{2}:[0-9]{2})?",
        "t": "[AP]M" if count == 2 else "[AP]",
        "y": "[0-9]{1,2}" if count == 1 else f"[0-9]{{{count}}}",
        "z": _ZONES[min(count, 3)],
    }
    return special.get(letter) or ("[0-9]{2}" if count == 2 else "[0-9]{1,2}")


def _assembled(found: Mapping[str, str], now: datetime | None) -> datetime | None:
    month = _month_read(found)
    dated = month is not None or "d" in found or "y" in found
    today = now or datetime(1, 1, 1)  # noqa: DTZ001 - only its date is looked at
    half = found.get("t")
    hour = hour_of(int(found["h"]), half or "A") if "h" in found else int(found.get("H", "0"))
    local = moment(
        _year_read(found.get("y"), today.year),
        month if month is not None else (1 if dated else today.month),
        int(found["d"]) if "d" in found else (1 if dated else today.day),
        hour,
        int(found.get("m", "0")),
        int(found.get("s", "0")),
        int(found.get("f", "")[:6].ljust(6, "0")),
    )
    if local is None or not _day_fits(found.get("d_"), local):
        return None
    return in_utc(local, found.get("z") or None)


def _month_read(found: Mapping[str, str]) -> int | None:
    name = found.get("M_")
    if name is not None:
        return next(n for n, month in enumerate(MONTHS, 1) if month[:3].lower() == name[:3].lower())
    return int(found["M"]) if "M" in found else None


def _year_read(text: str | None, now: int) -> int:
    if text is None:
        return now
    year = int(text)
    if len(text) > 2:
        return year
    return year + (2000 if year <= _PIVOT else 1900)


def _day_fits(name: str | None, value: datetime) -> bool:
    return name is None or DAYS[value.weekday()][:3].lower() == name[:3].lower()
