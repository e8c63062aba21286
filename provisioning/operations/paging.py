"""How much of a list a caller asks for at once, and where a page goes on."""

from __future__ import annotations

import re

from provisioning.errors import InvalidRequest, Problem, cut

LARGEST_PAGE = 1000


def page_size(value: str | int) -> int:
    """How many items a page may have. Raises ``InvalidRequest``."""
    text = str(value)
    limit = int(text) if text.isascii() and text.isdigit() and len(text) <= 12 else 0
    if not 1 <= limit <= LARGEST_PAGE:
        problem = f"{cut(text, 100)!r} is out of range"
        raise InvalidRequest(Problem("limit", problem, f"Give 1 to {LARGEST_PAGE}."))
    return limit


def cursor(after: str | None, form: re.Pattern[str]) -> str:
    """Where a page goes on, as the one before has said; nothing for the first.

    Raises ``InvalidRequest`` for what no page has said: by it a list would end early, or begin
    anew, without a word.
    """
    if after and not form.fullmatch(after):
        problem = f"{cut(after, 100)!r} is no cursor"
        raise InvalidRequest(Problem("after", problem, "Give what `next` said."))
    return after or ""
