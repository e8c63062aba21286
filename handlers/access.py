"""Who may do what over HTTP: the one place that decides it, for every call that is not anonymous.

A function key, which the platform asks for, lets its bearer read and act. Whoever the platform has
signed in needs an app role: ``Provisioning.Read`` to look, ``Provisioning.Operate`` to act, which
includes looking. What cannot be read of a sign-in gives no right.
"""

from __future__ import annotations

import base64
import json
import os
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import azure.functions as func

if TYPE_CHECKING:
    from provisioning.errors import RoleMissing

_SIGN_IN = "WEBSITE_AUTH_ENABLED"
"""Set by the platform where its sign-in is on. Only there it removes the headers of its own that
a caller sends (App Service: work with user identities in authentication)."""

_PRINCIPAL = "X-MS-CLIENT-PRINCIPAL"
_NAME = "X-MS-CLIENT-PRINCIPAL-NAME"
_SIGNS = (_PRINCIPAL, _NAME, "X-MS-CLIENT-PRINCIPAL-ID")
"""Each of these says that somebody is signed in; only the first says with which roles."""

_ENTRA = "aad"
_ROLES = ("roles", "http://schemas.microsoft.com/ws/2008/06/identity/claims/role")
"""The claim of app roles in a token, and what the platform's mapping of claims makes of it."""

_LONGEST = 64 * 1024


class Right(StrEnum):
    """What a call takes, as the app role that gives it."""

    READ = "Provisioning.Read"
    OPERATE = "Provisioning.Operate"


_GIVEN_BY = {Right.READ: {Right.READ, Right.OPERATE}, Right.OPERATE: {Right.OPERATE}}


def signed_in_name(request: func.HttpRequest) -> str:
    """The name of whom the platform has signed in, empty for nobody."""
    name: str = request.headers.get(_NAME, "") if signs_in() else ""
    return name.strip()


def refusal(request: func.HttpRequest, right: Right) -> RoleMissing | None:
    """Why whoever calls may not; ``None`` for who may: a bearer of a function key who is not
    signed in, or who is signed in and has the role.
    """
    if not signs_in() or not any(request.headers.get(name) for name in _SIGNS):
        return None
    from provisioning.errors import RoleMissing

    roles = _roles(request.headers.get(_PRINCIPAL, ""))
    if roles is None:
        return RoleMissing("The sign-in of the platform cannot be read.", right.value)
    if roles.isdisjoint(_GIVEN_BY[right]):
        return RoleMissing(f"Whoever is signed in has not the app role {right.value}.", right.value)
    return None


def signs_in() -> bool:
    """Whether the platform signs people in, so that its headers can be believed."""
    return os.environ.get(_SIGN_IN, "").lower() == "true"


def _roles(header: str) -> set[str] | None:
    """The app roles of a signed-in principal; ``None`` if the header is not as it should be."""
    if not 0 < len(header) <= _LONGEST:
        return None
    try:
        principal = json.loads(base64.b64decode(header, validate=True))
    except (ValueError, RecursionError):
        return None
    if not isinstance(principal, dict) or principal.get("auth_typ") != _ENTRA:
        return None
    claims = principal.get("claims")
    if not isinstance(claims, list) or not all(_is_claim(each) for each in claims):
        return None
    return {each["val"] for each in claims if each["typ"] in _ROLES}


def _is_claim(claim: Any) -> bool:
    return isinstance(claim, dict) and all(
        isinstance(claim.get(name), str) for name in ("typ", "val")
    )
