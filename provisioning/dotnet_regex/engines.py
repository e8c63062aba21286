"""The two engines behind one form. Each is imported by the first pattern that needs it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Protocol

from provisioning.dotnet_regex.errors import InvalidPattern, MatchFailed, MatchTimeout
from provisioning.dotnet_regex.limits import MAX_PROGRAM_BYTES, TIMEOUT_SECONDS

_HALF = re.compile("[\ud800-\udfff]")


class Found(Protocol):
    """A match of either engine."""

    def span(self, group: int = 0, /) -> tuple[int, int]:
        """From where to where the group goes; -1 when it took no part."""
        ...


class Linear:
    """RE2: the time grows with the text."""

    def __init__(self, compiled: Any) -> None:
        self._compiled = compiled
        self.size: int = compiled.programsize

    def search(self, text: str) -> Found | None:
        """The first match."""
        found: Found | None = self._compiled.search(_encodable(text))
        return found

    def matches(self, text: str) -> Iterator[Found]:
        """All matches, in order."""
        last: tuple[int, int] | None = None
        for found in self._compiled.finditer(_encodable(text)):
            # RE2's binding gives an empty match that is not where it looked from once more.
            if found.span() != last:
                yield found
            last = found.span()


class Backtracking:
    """``regex``: knows all of .NET that we read, and is stopped after a time."""

    def __init__(self, compiled: Any) -> None:
        self._compiled = compiled

    def search(self, text: str) -> Found | None:
        """The first match. Raises ``MatchTimeout``."""
        try:
            found: Found | None = self._compiled.search(text, timeout=TIMEOUT_SECONDS)
        except TimeoutError:
            raise MatchTimeout from None
        except (RecursionError, MemoryError) as error:
            raise MatchFailed("the pattern is too much for its engine.") from error
        return found

    def matches(self, text: str) -> Iterator[Found]:
        """All matches, in order. Raises ``MatchTimeout``; the time is for all of them."""
        try:
            yield from self._compiled.finditer(text, timeout=TIMEOUT_SECONDS)
        except TimeoutError:
            raise MatchTimeout from None
        except (RecursionError, MemoryError) as error:
            raise MatchFailed("the pattern is too much for its engine.") from error


def linear(text: str) -> Linear | None:
    """The pattern for RE2; ``None`` when it does not take it, or not in its bounds."""
    import re2

    options = re2.Options()
    options.log_errors = False
    options.max_mem = MAX_PROGRAM_BYTES
    try:
        return Linear(re2.compile(text, options))
    except re2.error:
        return None


def backtracking(text: str) -> Backtracking:
    """The pattern for ``regex``. Raises ``InvalidPattern``."""
    import regex

    try:
        return Backtracking(regex.compile(text, regex.VERSION0, cache_pattern=False))
    except (regex.error, RecursionError, OverflowError) as error:
        raise InvalidPattern(f"the pattern cannot be compiled ({error}),", 1) from error


def _encodable(text: str) -> str | bytes:
    """The text as RE2 can take it, character for character: it knows no half surrogate pairs.

    ASCII goes as bytes: then RE2's binding does not count characters, which takes most of its time.
    """
    return text.encode("ascii") if text.isascii() else _HALF.sub("\ufffd", text)
