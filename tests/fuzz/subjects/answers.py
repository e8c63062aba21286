"""What an answer of HTTP may be, whoever gives it."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import strategies as st

from tests.fuzz.mutations import SECRET, TEXTS

_ONE_LINE = tuple(text for text in TEXTS if "\n" not in text and "\0" not in text)
"""What a header of HTTP can hold."""

WAITS = (
    *("0", "1", "0.5", "120", "-1", "9" * 400, "1e5", "1e400", "nan", "inf", "0x10", "1_0", " 3 "),
    *("Wed, 21 Oct 2026 07:28:00 GMT", "Wed, 21 Oct 2026 07:28:00 -0000", "21 Oct 99", "Oct"),
    *("Fri, 31 Dec 9999 23:59:59 -9999", "Mon, 00 Jan 0000 00:00:00 GMT", "1, 1 Jan 1 1:1:1 +99"),
    *("Sat, 01 Jan 0001 00:00:00 +2359", "Thu, 01 Jan 1970 00:00:00", "1 2 3 4 5 6 7", "5 seconds"),
    *("²", "\u0661", "Wed, 21 Oct 2026 07:28:00 +" + "9" * 5000, "1" + "0" * 5000 + " s"),
    *_ONE_LINE,
)

STATUSES = (200, 201, 202, 204, 206, 301, 400, 401, 403, 404, 405, 408, 409, 410, 412, 413)
OTHER_STATUSES = (100, 418, 429, 500, 501, 502, 503, 504, 599, 0, 600, 999)


def waits() -> st.SearchStrategy[str]:
    """Values of Retry-After."""
    return st.one_of(st.sampled_from(WAITS), st.text(max_size=30))


def statuses(*usual: int) -> st.SearchStrategy[int]:
    """The usual ones most of the time."""
    usual_one = st.sampled_from(usual)
    return st.one_of(usual_one, usual_one, st.sampled_from((*STATUSES, *OTHER_STATUSES)))


def headers(kinds: Sequence[str]) -> st.SearchStrategy[dict[str, str]]:
    """Headers with names in lower case. The first of ``kinds`` is the usual content type."""
    kind = st.one_of(st.just(kinds[0]), st.just(kinds[0]), st.sampled_from((*kinds, *_ONE_LINE)))
    others = st.fixed_dictionaries(
        {},
        optional={
            "retry-after": waits(),
            "request-id": st.sampled_from(_ONE_LINE),
            "location": st.sampled_from((*_ONE_LINE, "https://elsewhere.example/Users/1")),
            "www-authenticate": st.just(f'Bearer error="invalid_token {SECRET}"'),
        },
    )
    return st.builds(lambda kind, more: {"content-type": kind, **more}, kind, others)
