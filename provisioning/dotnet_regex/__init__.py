"""Regular expressions as Entra's administrators write them: in .NET's language.

A pattern is read once, in full, and written anew for the engine that runs it: RE2, whose time
grows with the text and no faster, or the package ``regex`` with a time limit for what RE2 does
not know (lookaround, references back). .NET: "Regular expression language - quick reference".

Other than in .NET a character is a code point, not half of a surrogate pair, and letters are
compared without case by Unicode's simple folding, never by the rules of a language. What a
repetition of something that may be empty matches, as in ``(|a)*``, is up to the engine.
"""

from __future__ import annotations

from provisioning.dotnet_regex.errors import (
    InvalidPattern,
    MatchFailed,
    MatchTimeout,
    ReplacementTooLong,
    TextTooLong,
)
from provisioning.dotnet_regex.limits import (
    MAX_PATTERN_LENGTH,
    MAX_REPEAT,
    MAX_TEXT_LENGTH,
    TIMEOUT_SECONDS,
)
from provisioning.dotnet_regex.pattern import Match, Pattern, compile_pattern

__all__ = [
    "MAX_PATTERN_LENGTH",
    "MAX_REPEAT",
    "MAX_TEXT_LENGTH",
    "TIMEOUT_SECONDS",
    "InvalidPattern",
    "Match",
    "MatchFailed",
    "MatchTimeout",
    "Pattern",
    "ReplacementTooLong",
    "TextTooLong",
    "compile_pattern",
]
