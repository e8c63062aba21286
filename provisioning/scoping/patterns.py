"""The patterns of REGEX MATCH: the one place that knows how they are compiled."""

from __future__ import annotations

import re
from collections.abc import Callable


class InvalidPatternError(Exception):
    """A text that is no pattern; its message says why."""


def compile_pattern(pattern: str) -> Callable[[str], bool]:
    """Whether a text holds the pattern, anywhere in it: .NET's ``Regex.IsMatch``.

    Case counts. Raises ``InvalidPatternError``; what it gives raises ``Undecided`` for a text that
    takes too long.
    """
    try:
        compiled = re.compile(pattern)
    except re.error as error:
        raise InvalidPatternError(str(error)) from error
    return lambda text: compiled.search(text) is not None
