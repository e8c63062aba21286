"""Where the reading of a pattern stands."""

from __future__ import annotations


class Cursor:
    """A pattern, and the index of the character to be read next."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
