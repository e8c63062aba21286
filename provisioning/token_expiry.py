"""When a bearer token ends, where the token itself says so. Pure.

A JSON Web Token has its end in the claim ``exp`` (RFC 7519 section 4.1.4). ZSCloud's own tokens are
opaque: nobody can tell by them whether they end, and nothing is published about it.
"""

from __future__ import annotations

import base64
import binascii

import msgspec

WARN_BEFORE = 14 * 86_400.0
"""Seconds before its end from which on a token is warned of."""

_PARTS = 3
_LONGEST = 16_384


class _Claims(msgspec.Struct):
    exp: float


def expires_at(token: str) -> float | None:
    """Epoch seconds; ``None`` for a token that does not say, or that is no JSON Web Token.

    The signature is not checked: whoever chose the token may be believed about its end.
    """
    parts = token.split(".")
    if len(parts) != _PARTS or len(token) > _LONGEST:
        return None
    payload = parts[1] + "=" * (-len(parts[1]) % 4)
    try:
        claims = msgspec.json.decode(base64.urlsafe_b64decode(payload), type=_Claims)
    except (ValueError, binascii.Error, msgspec.MsgspecError):
        return None
    return claims.exp if 0 < claims.exp < _END_OF_TIME else None


_END_OF_TIME = 253_402_300_800.0
"""The year 10000, which no timestamp can show."""


def warning(token: str, now: float) -> str | None:
    """What there is to say about a token that ends soon, or has ended; without the token."""
    end = expires_at(token)
    if end is None or end - now > WARN_BEFORE:
        return None
    if end <= now:
        return f"The token has expired. {_REMEDY}"
    days, hours = divmod(int((end - now) // 3600), 24)
    left = f"{days} days" if days > 1 else f"{days * 24 + hours} hours"
    return f"The token expires in {left}. {_REMEDY}"


_REMEDY = (
    'Make a new one with "Generate Token" in the ZSCloud portal and set it as ZSCLOUD_SCIM_TOKEN; '
    "take it that the old one is dead at once."
)
