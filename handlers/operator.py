"""Who is calling: for the audit log. What the caller may do is decided by ``access``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import azure.functions as func

from handlers.access import signed_in_name

if TYPE_CHECKING:
    from provisioning.audit import Operator

_CLAIM = "X-Operator"


def operator_of(request: func.HttpRequest) -> Operator:
    """The signed-in principal; else whom the header ``X-Operator`` names, marked as claimed."""
    from provisioning.audit import Operator

    name = signed_in_name(request)
    if name:
        return Operator.signed_in(name)
    claimed = request.headers.get(_CLAIM, "").strip()
    return Operator.claimed(claimed) if claimed else Operator()
