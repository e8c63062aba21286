"""Where work comes from: the traces of those who told of it, carried along with it.

An origin is the ``traceparent`` of W3C Trace Context (level 1, version 00). Messages, hints and
items of the work set carry some of them, so that one trace leads from a notification to the
request that it brought about, also when many notifications became one item. They decide nothing:
one that is damaged is left out, and beyond ``MOST`` the first ones stand for the rest.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from msgspec import UNSET, UnsetType

Origins = tuple[str, ...]

MOST = 4
"""Origins that are carried along. Each has 55 characters, and a queue message takes 48 KB."""

_ORIGIN = re.compile(r"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")


def merged(*groups: Iterable[str] | UnsetType) -> Origins:
    """The origins of several, each once, the first ones first, without what is none."""
    found: dict[str, None] = {}
    for group in groups:
        if isinstance(group, UnsetType):
            continue
        for origin in group:
            if _ORIGIN.fullmatch(origin):
                found[origin] = None
            if len(found) == MOST:
                return tuple(found)
    return tuple(found)


def stored(origins: Origins) -> Origins | UnsetType:
    """As a stored row has them. Without any, the row is the one that it was before there were
    origins: rows are compared by their bytes.
    """
    return origins or UNSET
