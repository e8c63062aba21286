"""Which path is answered by what."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping

from . import directory
from .call import GraphError, Reply
from .delta import DeltaQueries
from .reading import Reading
from .subscriptions import Subscriptions

Handler = Callable[[Reading, re.Match[str]], Reply]
_READ = frozenset({"GET"})
_CAST = r"(?:/(?:microsoft\.)?graph\.(?P<cast>user|group))?"


class Routes:
    """The resources of the simulated part of Graph v1.0."""

    def __init__(self, deltas: DeltaQueries, subscriptions: Subscriptions) -> None:
        self._subscriptions = subscriptions
        routes: Mapping[str, Handler] = {
            r"/(users|groups|servicePrincipals)/(?:microsoft\.graph\.)?delta(?:\(\))?": (
                lambda reading, match: deltas.get(reading, match[1])
            ),
            r"/users": lambda reading, _: directory.list_users(reading),
            r"/users/([^/]+)": lambda reading, match: directory.get_user(reading, match[1]),
            r"/users/([^/]+)/manager": (
                lambda reading, match: directory.get_manager(reading, match[1])
            ),
            rf"/users/([^/]+)/transitiveMemberOf{_CAST}": (
                lambda reading, match: directory.list_groups_of(reading, match[1], match["cast"])
            ),
            r"/groups": lambda reading, _: directory.list_groups(reading),
            r"/groups/([^/]+)": lambda reading, match: directory.get_group(reading, match[1]),
            rf"/groups/([^/]+)/(members|transitiveMembers){_CAST}(?P<count>/\$count)?": (
                lambda reading, match: directory.list_members(
                    reading, match[1], match[2], match["cast"], match["count"]
                )
            ),
            r"/servicePrincipals": lambda reading, _: directory.list_service_principals(reading),
            r"/servicePrincipals(?:/([^/]+)|(\([^/]+\)))": (
                lambda reading, match: directory.get_service_principal(
                    reading, match[1] or match[2]
                )
            ),
            r"/servicePrincipals(?:/([^/]+)|(\([^/]+\)))/appRoleAssignedTo": (
                lambda reading, match: directory.list_assignments(reading, match[1] or match[2])
            ),
            r"/directory/deletedItems/(?:microsoft\.)?graph\.(user|group)": (
                lambda reading, match: directory.list_deleted(reading, match[1])
            ),
            r"/directory/deletedItems/([^/]+)": (
                lambda reading, match: directory.get_deleted(reading, match[1])
            ),
        }
        self._reads = [(re.compile(path), handler) for path, handler in routes.items()]

    async def answer(self, reading: Reading) -> Reply:
        """The reply. Raises ``GraphError``, also for an unknown path or method."""
        subscription = _SUBSCRIPTION.fullmatch(reading.call.path)
        if subscription is not None:
            allowed = _SUBSCRIPTION_METHODS[
                "action" if subscription[2] else "one" if subscription[1] else "all"
            ]
            _check_method(reading, allowed)
            waiting: Awaitable[Reply] = self._subscriptions.answer(
                reading, subscription[1], subscription[2] or ""
            )
            return await waiting
        for path, handler in self._reads:
            match = path.fullmatch(reading.call.path)
            if match is not None:
                _check_method(reading, _READ)
                return handler(reading, match)
        name = reading.call.path.strip("/").split("/")[-1]
        raise GraphError(400, "BadRequest", f"Resource not found for the segment '{name}'.")


_SUBSCRIPTION = re.compile(r"/subscriptions(?:/([^/]+)(/reauthorize)?)?")
_SUBSCRIPTION_METHODS = {
    "all": frozenset({"GET", "POST"}),
    "one": frozenset({"GET", "PATCH", "DELETE"}),
    "action": frozenset({"POST"}),
}


def _check_method(reading: Reading, allowed: frozenset[str]) -> None:
    if reading.call.method not in allowed:
        raise GraphError(
            405, "Request_BadRequest", "Specified HTTP method is not allowed for the request."
        )
