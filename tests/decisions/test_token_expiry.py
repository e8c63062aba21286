"""When a token ends: only one that says so is warned of."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioning.token_expiry import expires_at, warning

DAY = 86_400.0
NOW = 1_800_000_000.0


def web_token(claims: Any) -> str:
    """A JSON Web Token; nobody checks its signature."""
    parts = [json.dumps({"alg": "HS256"}), json.dumps(claims)]
    encoded = [base64.urlsafe_b64encode(part.encode()).decode().rstrip("=") for part in parts]
    return ".".join([*encoded, "c2lnbmF0dXJl"])


def test_an_opaque_token_says_nothing() -> None:
    """ZSCloud's own are of this kind."""
    assert expires_at("a1B2c3D4e5F6") is None
    assert warning("a1B2c3D4e5F6", NOW) is None


@pytest.mark.parametrize("claims", [{}, {"exp": "soon"}, {"exp": -1}, {"exp": 1e300}, [], "x", 5])
def test_claims_without_an_end(claims: Any) -> None:
    assert expires_at(web_token(claims)) is None


@given(st.text())
def test_whatever_stands_there_is_no_error(text: str) -> None:
    expires_at(text)
    expires_at(f"{text}.{text}.{text}")


@pytest.mark.parametrize(
    ("days", "words"),
    [
        (14.1, None),
        (13.9, "in 13 days"),
        (1.5, "in 36 hours"),
        (0.1, "in 2 hours"),
        (-1, "has expired"),
    ],
)
def test_two_weeks_before_its_end(days: float, words: str | None) -> None:
    token = web_token({"exp": NOW + days * DAY})
    assert expires_at(token) == NOW + days * DAY
    said = warning(token, NOW)
    assert (said is None) == (words is None)
    if said is not None and words is not None:
        assert words in said
        assert "ZSCLOUD_SCIM_TOKEN" in said
        assert token not in said


@pytest.mark.parametrize("fill", range(4))
def test_a_payload_of_any_length_is_read(fill: int) -> None:
    """Base64 without its padding (RFC 7515 section 2)."""
    assert expires_at(web_token({"exp": NOW, "x": "y" * fill})) == NOW


def test_a_payload_is_padded_by_its_own_length() -> None:
    _, payload, _ = web_token({"exp": NOW}).split(".")
    for header, signature in (("a", "abc"), ("ab", "a"), ("abc", ""), ("abcd", "ab")):
        assert expires_at(f"{header}.{payload}.{signature}") == NOW


def test_a_token_of_any_other_form_says_nothing() -> None:
    token = web_token({"exp": NOW})
    assert expires_at(f"{token}.{token}") is None
    assert expires_at(f"{token}{'x' * (16_384 - len(token))}") == NOW
    assert expires_at(f"{token}{'x' * 16_384}") is None


@pytest.mark.parametrize(
    ("exp", "end"),
    [(0, None), (0.5, 0.5), (253_402_300_799, 253_402_300_799), (253_402_300_800, None)],
)
def test_an_end_is_a_time_that_can_be_shown(exp: float, end: float | None) -> None:
    assert expires_at(web_token({"exp": exp})) == end


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (14 * DAY + 1, None),
        (14 * DAY, "The token expires in 14 days."),
        (2 * DAY, "The token expires in 2 days."),
        (2 * DAY - 1, "The token expires in 47 hours."),
        (3600, "The token expires in 1 hours."),
        (3599, "The token expires in 0 hours."),
        (0, "The token has expired."),
    ],
)
def test_what_is_left_is_said_in_whole_days_and_hours(seconds: float, said: str | None) -> None:
    warned = warning(web_token({"exp": NOW + seconds}), NOW)
    if said is None:
        assert warned is None
    else:
        assert warned is not None
        assert warned.startswith(said)
        assert " ZSCLOUD_SCIM_TOKEN;" in warned
