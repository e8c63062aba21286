"""Judging users and groups: by their state, their assignments and their filters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from provisioning.model import MirrorGroup, MirrorUser, Presence
from provisioning.scope.group_graph import GroupGraph
from provisioning.scope.verdict import Reason, Verdict
from provisioning.scoping import Context, FilterVerdict, ScopingFilter
from provisioning.source_attributes import source_row


def judge_user(
    user: MirrorUser, graph: GroupGraph, filter: ScopingFilter | None = None, now: float = 0.0
) -> Verdict:
    """Whether a user is to have access.

    A disabled or soft-deleted user is not (Entra: the computed ``IsSoftDeleted``). Deletion counts
    before assignment, assignment before the account's state, and the scoping filter last: it is
    asked only of those who would have access, so that it never keeps anybody's.
    """
    return msgspec.structs.replace(_judge_user(user, graph, filter, now), at=now)


def _judge_user(
    user: MirrorUser, graph: GroupGraph, filter: ScopingFilter | None, now: float
) -> Verdict:
    assigned, reason, sentence = _what_brings_in(user, graph)
    if user.presence is Presence.GONE:
        return Verdict(False, False, Reason.DELETED, "The user was deleted in Entra.")
    if user.presence is Presence.SOFT_DELETED:
        return Verdict(assigned, False, Reason.SOFT_DELETED, "The user was deleted in Entra.")
    if not assigned:
        return Verdict(False, False, reason, sentence)
    if not user.enabled:
        return Verdict(True, False, Reason.DISABLED, "The account is disabled in Entra.")
    verdict = Verdict(True, True, reason, sentence)
    if filter is None:
        return verdict
    row, context = _asked(user, graph, filter, now)
    return _filtered(verdict, filter, row, context, Reason.OUT_OF_FILTER)


def filter_verdict(
    row: MirrorUser | MirrorGroup, graph: GroupGraph, filter: ScopingFilter, now: float
) -> FilterVerdict:
    """What the filter says of a principal, clause by clause, whether or not it counts."""
    return filter.explain(*_asked(row, graph, filter, now))


def _asked(
    row: MirrorUser | MirrorGroup, graph: GroupGraph, filter: ScopingFilter, now: float
) -> tuple[Mapping[str, Any], Context]:
    """What a filter is asked about: the attributes, and the groups that it names."""
    if isinstance(row, MirrorGroup):
        return source_row(row.id, row.attributes), Context(now)
    attributes = source_row(row.id, row.attributes, accountEnabled=row.enabled)
    return attributes, graph.context(row.groups, filter.groups, now)


def _what_brings_in(user: MirrorUser, graph: GroupGraph) -> tuple[bool, Reason, str]:
    if graph.policy.everyone:
        return True, Reason.ALL_IN_SCOPE, "All users are in scope."
    if graph.policy.entitles(user.roles):
        return True, Reason.ASSIGNED, "Assigned directly to the application."
    ways = [way for group in user.groups if (way := graph.path(group)) is not None]
    if ways:
        way = min(ways, key=lambda ids: (len(ids), ids))
        names = " in ".join(f"'{graph.name(id)}'" for id in way)
        return True, Reason.ASSIGNED_BY_GROUP, f"Member of the assigned group {names}."
    if user.roles:
        return (
            False,
            Reason.DEFAULT_ACCESS_ONLY,
            "Assigned with Default Access only, which DEFAULT_ACCESS=exclude leaves out.",
        )
    return False, Reason.UNASSIGNED, "No assignment of the application brings the user in."


def judge_group(
    group: MirrorGroup, graph: GroupGraph, filter: ScopingFilter | None = None, now: float = 0.0
) -> Verdict:
    """Whether a group is to exist in ZSCloud: only if it is assigned itself, and its filter
    lets it pass.

    Whom a group brings in is not asked here: users have a filter of their own, and each object is
    judged by itself (Entra: scoping filters).
    """
    verdict = msgspec.structs.replace(_judge_assigned(group, graph), at=now)
    if filter is None or not verdict.active:
        return verdict
    row, context = _asked(group, graph, filter, now)
    return _filtered(verdict, filter, row, context, Reason.GROUP_OUT_OF_FILTER)


def _filtered(
    verdict: Verdict, filter: ScopingFilter, row: Mapping[str, Any], context: Context, out: Reason
) -> Verdict:
    """What the filter leaves of the verdict of who would have access."""
    if filter.passes(row, context):
        return verdict
    found = filter.explain(row, context)
    if found.undecided:
        sentence = f"The scoping filter cannot be decided: {found.sentence}."
        return Verdict(True, False, Reason.FILTER_UNDECIDED, sentence, found, verdict.at)
    sentence = f"The scoping filter leaves it out: {found.sentence}."
    return Verdict(True, False, out, sentence, found, verdict.at)


def _judge_assigned(group: MirrorGroup, graph: GroupGraph) -> Verdict:
    if group.presence is not Presence.PRESENT:
        return Verdict(False, False, Reason.GROUP_DELETED, "The group was deleted in Entra.")
    if graph.policy.everyone:
        return Verdict(True, True, Reason.ALL_IN_SCOPE, "All groups are in scope.")
    if graph.policy.entitles(group.roles):
        return Verdict(True, True, Reason.ASSIGNED, "Assigned directly to the application.")
    if group.roles:
        return Verdict(
            False,
            False,
            Reason.DEFAULT_ACCESS_ONLY,
            "Assigned with Default Access only, which DEFAULT_ACCESS=exclude leaves out.",
        )
    return Verdict(
        False, False, Reason.GROUP_UNASSIGNED, "The group is not assigned to the application."
    )
