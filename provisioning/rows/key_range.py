"""Ranges of keys. Keys are ordered by code point, which is the order of their UTF-8 bytes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from provisioning.ports import Row

_LAST = 0x10FFFF
_SURROGATES = range(0xD800, 0xE000)


class KeyRange(NamedTuple):
    """Keys from ``low`` on and below ``high``; ``None`` is without an upper end."""

    low: str
    high: str | None

    @staticmethod
    def of(prefix: str = "", after: str = "", *, reverse: bool = False) -> KeyRange:
        """The keys that ``Store.scan`` means: with the prefix, and beyond ``after``.

        Beyond is above, or below when the order is reversed. An empty ``after`` bounds nothing.
        """
        high = _above_all(prefix)
        if not after:
            return KeyRange(prefix, high)
        if reverse:
            return KeyRange(prefix, after if high is None else min(after, high))
        # No string lies between a string and the same with a NUL behind it.
        return KeyRange(max(prefix, after + "\0"), high)

    def until(self, last: str, *, reverse: bool = False) -> KeyRange:
        """The part of it that an ordered read has passed when it comes to ``last``, a key in it.

        Whether ``last`` itself is in that part is not said: the read has it anyway.
        """
        return KeyRange(last, self.high) if reverse else KeyRange(self.low, last)

    @property
    def empty(self) -> bool:
        """Whether no key can lie in it."""
        return self.high is not None and self.low >= self.high


def _above_all(prefix: str) -> str | None:
    """The least string above all that start with the prefix; ``None`` if there is none."""
    stem = prefix.rstrip(chr(_LAST))
    if not stem:
        return None
    following = ord(stem[-1]) + 1
    # Surrogates are no characters and have no UTF-8 form.
    return stem[:-1] + chr(_SURROGATES.stop if following in _SURROGATES else following)


def check_keys(rows: Iterable[Row]) -> None:
    """Raises ``ValueError`` for an empty key: ``after`` could not name it."""
    for row in rows:
        if not row.key:
            raise ValueError(f"A row of table {row.table} has an empty key.")
