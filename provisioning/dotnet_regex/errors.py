"""What is wrong with a pattern, and what can go wrong when it is used."""

from __future__ import annotations

from provisioning.dotnet_regex.limits import MAX_TEXT_LENGTH, TIMEOUT_SECONDS
from provisioning.errors import ProvisioningError


class InvalidPattern(ProvisioningError):
    """A pattern cannot be used. ``position`` is its first wrong character, counted from 1."""

    code = "InvalidPattern"
    remedy = "Correct the regular expression; it is in the language of .NET."

    def __init__(self, message: str, position: int) -> None:
        self.message = message
        self.position = position
        super().__init__(f"{message} at character {position} of the pattern.")


class MatchFailed(ProvisioningError):
    """A pattern gives no answer for a text. Base of the reasons."""

    code = "MatchFailed"
    remedy = "Write a simpler pattern."


class MatchTimeout(MatchFailed):
    """The pattern goes back and forth in the text for too long."""

    code = "MatchTimeout"
    remedy = (
        "Leave out lookaround and references back: without them a pattern always ends. "
        "Do not repeat what repeats itself, as in (a+)+."
    )

    def __init__(self) -> None:
        super().__init__(f"the pattern was not decided within {TIMEOUT_SECONDS * 1000:.0f} ms.")


class TextTooLong(MatchFailed):
    """The text is longer than what is searched."""

    code = "TextTooLong"
    remedy = "Shorten the value first, with Left or Mid."

    def __init__(self, length: int) -> None:
        super().__init__(
            f"the text has {length} characters; at most {MAX_TEXT_LENGTH} are searched."
        )


class ReplacementTooLong(MatchFailed):
    """What replacing gives is longer than the caller allows."""

    code = "ReplacementTooLong"
    remedy = "Replace by less."

    def __init__(self, limit: int) -> None:
        super().__init__(f"the result has more than {limit} characters.")
