"""Dates in scoping filters: one of our additions, since Entra's filters know none."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}([Tt ][0-9:.]+([Zz]|[+-][0-9]{2}:[0-9]{2})?)?")
_RELATIVE = re.compile(r"now(?:([+-])([0-9]{1,5})d)?", re.IGNORECASE)


def date_of(text: str) -> datetime | None:
    """The moment that an RFC 3339 text means, or ``None``.

    A date without a time begins at midnight, and a time without a zone is UTC.
    """
    if _DATE.fullmatch(text) is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def moment_of(text: str) -> Callable[[float], datetime] | None:
    """The moment that a constant means, from the time it is now; ``None`` if it means none.

    A date as in ``date_of``, or ``now``, or days from now: ``now-30d``, ``now+7d``.
    """
    relative = _RELATIVE.fullmatch(text)
    if relative is None:
        moment = date_of(text)
        return None if moment is None else lambda _: moment
    sign = -1 if relative[1] == "-" else 1
    days = timedelta(days=sign * int(relative[2] or 0))
    return lambda now: datetime.fromtimestamp(now, UTC) + days
