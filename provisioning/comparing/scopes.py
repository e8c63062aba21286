"""How a principal comes into scope, as far as the built-in job would look."""

from __future__ import annotations

from collections.abc import Mapping

from provisioning.comparing.causes import Scope
from provisioning.model import DEFAULT_ACCESS, MirrorGroup, MirrorUser
from provisioning.scope import GroupGraph


def scope_of(
    row: MirrorUser | MirrorGroup, graph: GroupGraph, made: Mapping[str, float], now: float
) -> Scope:
    """That of somebody who is in scope. ``made``: when each assignment was made.

    The built-in job looks at the principal's own assignments and those of the groups that it is in
    itself. If none of these has a role, something brings it in that this job leaves out.
    """
    roles = dict(row.roles)
    if isinstance(row, MirrorUser):
        for group in filter(graph.brings_in, row.groups):
            roles.update(graph.roles(group))
    counted = [id for id, role in roles.items() if role != DEFAULT_ACCESS]
    if counted:
        return Scope(assigned_at=min(made.get(id, 0.0) for id in counted), now=now)
    if graph.policy.everyone:
        return Scope(now=now)
    default_access = graph.policy.entitles(roles)
    return Scope(nested=not default_access, default_access=default_access, now=now)
