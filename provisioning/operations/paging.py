"""How much of a list a caller asks for at once."""

from __future__ import annotations

from provisioning.errors import InvalidRequest, Problem, cut

LARGEST_PAGE = 1000


def page_size(value: str | int) -> int:
    """How many items a page may have. Raises ``InvalidRequest``."""
    try:
        limit = int(value)
    except ValueError:
        limit = 0
    if not 1 <= limit <= LARGEST_PAGE:
        raise InvalidRequest(
            Problem(
                "limit",
                f"{cut(str(value), 100)!r} is out of range",
                f"Give 1 to {LARGEST_PAGE}.",
            )
        )
    return limit
