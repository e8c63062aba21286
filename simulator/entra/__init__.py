"""An Entra tenant behind Microsoft Graph v1.0: users, groups, assignments, deltas, notifications.

``EntraSimulator`` answers requests for a ``Tenant``, which is built object by object or by
``generate``. ``Faults`` lists what can be made worse.
"""

from .faults import Faults
from .generate import generate
from .model import DEFAULT_ACCESS
from .notifications import post_over_http
from .requestlog import LoggedRequest
from .simulator import EntraSimulator
from .subscriptions import Post
from .tenant import Tenant

__all__ = [
    "DEFAULT_ACCESS",
    "EntraSimulator",
    "Faults",
    "LoggedRequest",
    "Post",
    "Tenant",
    "generate",
    "post_over_http",
]
