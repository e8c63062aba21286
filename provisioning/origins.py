"""Where work comes from: the traces of those who told of it, carried along with it.

An origin is the ``traceparent`` of W3C Trace Context (level 1, version 00). Messages, hints and
items of the work set carry some of them, so that one trace leads from a notification to the
request that it brought about, also when many notifications became one item. They decide nothing:
one that is damaged is left out, and beyond ``MOST`` the first ones stand for the rest.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

Origins = tuple[str, ...]

MOST = 4
"""Origins that are carried along. Each has 55 characters, and a queue message takes 48 KB."""

_ORIGIN = re.compile(r"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")


def merged(*groups: Iterable[str]) -> Origins:
    """The origins of several, each once, the first ones first, without what is none."""
    found: dict[str, None] = {}
    for group in groups:
        for origin in group:
            if _ORIGIN.fullmatch(origin):
                found[origin] = None
            if len(found) == MOST:
                return tuple(found)
    return tuple(found)


def marked(id: str, origins: Origins) -> str:
    """What tells one storing of a row from the next, with the origins behind it.

    They have no field of their own: a row is taken off if it still is, to the byte, what was read,
    and a version of the program that does not know a field would not write it again. The one
    before this hands the mark on as it is.
    """
    return " ".join((id, *origins))


def origins_in(mark: str) -> Origins:
    """The origins behind a mark."""
    return merged(mark.split(" ")[1:])
