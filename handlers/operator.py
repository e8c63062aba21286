"""Who is calling: for the audit log. No right depends on it; the platform has let the call in."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import azure.functions as func

if TYPE_CHECKING:
    from provisioning.audit import Operator

_SIGN_IN = "WEBSITE_AUTH_ENABLED"
"""Set by the platform where its sign-in is on. Only there it removes the headers of its own that
a caller sends (App Service: work with user identities in authentication)."""

_PRINCIPAL = "X-MS-CLIENT-PRINCIPAL-NAME"
_CLAIM = "X-Operator"


def operator_of(request: func.HttpRequest) -> Operator:
    """The signed-in principal; else whom the header ``X-Operator`` names, marked as claimed."""
    from provisioning.audit import Operator

    if os.environ.get(_SIGN_IN, "").lower() == "true":
        name = request.headers.get(_PRINCIPAL, "").strip()
        if name:
            return Operator.signed_in(name)
    claimed = request.headers.get(_CLAIM, "").strip()
    return Operator.claimed(claimed) if claimed else Operator()
