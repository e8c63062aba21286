"""Where the filter stands among what else decides on scope."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from provisioning.model import EntraId, MirrorGroup, MirrorUser, Presence
from provisioning.scope import GroupGraph, Reason, ScopePolicy, judge_group, judge_user

from .forms import NOW, filter_of

SALES = filter_of([("department", "EQUALS", "Sales")])
ROLE = {"assignment": "role"}


def user(**changes: Any) -> MirrorUser:
    row = MirrorUser(
        id=EntraId("u"), attributes={"department": "Legal"}, enabled=True, read_at=0.0, roles=ROLE
    )
    return msgspec.structs.replace(row, **changes)


def group(id: str, name: str, **fields: Any) -> MirrorGroup:
    fields = {"members_read_at": 1.0, **fields}
    return MirrorGroup(id=EntraId(id), attributes={"displayName": name}, read_at=0.0, **fields)


def graph(*groups: MirrorGroup, **policy: bool) -> GroupGraph:
    return GroupGraph(groups, ScopePolicy(**policy))


@pytest.mark.parametrize(
    ("changes", "reason", "assigned"),
    [
        ({"presence": Presence.GONE}, Reason.DELETED, False),
        ({"presence": Presence.SOFT_DELETED}, Reason.SOFT_DELETED, True),
        ({"roles": {}}, Reason.UNASSIGNED, False),
        ({"enabled": False}, Reason.DISABLED, True),
        ({"enabled": False, "attributes": {}}, Reason.DISABLED, True),
        ({}, Reason.OUT_OF_FILTER, True),
        ({"attributes": {"department": None}}, Reason.OUT_OF_FILTER, True),
        ({"attributes": {}}, Reason.FILTER_UNDECIDED, True),
        ({"attributes": {"department": "Sales"}}, Reason.ASSIGNED, True),
    ],
)
def test_the_filter_comes_last(changes: Any, reason: Reason, assigned: bool) -> None:
    verdict = judge_user(user(**changes), graph(), SALES, NOW)
    assert verdict.reason is reason
    assert verdict.assigned is assigned
    assert verdict.active is (reason is Reason.ASSIGNED)
    assert (verdict.filter is None) is (
        reason not in (Reason.OUT_OF_FILTER, Reason.FILTER_UNDECIDED)
    )


def test_what_is_known_beside_the_attributes() -> None:
    compiled = filter_of(
        [
            ("objectId", "EQUALS", "u"),
            ("accountEnabled", "IS TRUE"),
            ("originalUserPrincipalName", "INCLUDES", "#EXT#"),
        ]
    )
    guest = user(attributes={"userPrincipalName": "jo_home.org#EXT#@example.com"})
    assert judge_user(guest, graph(), compiled, NOW).active


@pytest.mark.parametrize(
    ("named", "transitive", "reason"),
    [
        ("Inner", False, Reason.ASSIGNED),
        ("inner-id", False, Reason.ASSIGNED),
        ("Outer", False, Reason.OUT_OF_FILTER),
        ("Outer", True, Reason.ASSIGNED),
        ("Deleted", True, Reason.OUT_OF_FILTER),
        ("Nobody", True, Reason.FILTER_UNDECIDED),
    ],
)
def test_membership_is_by_id_or_name_and_nested_where_scope_is(
    named: str, transitive: bool, reason: Reason
) -> None:
    groups = graph(
        group("inner-id", "Inner", parents=("outer-id",)),
        group("outer-id", "Outer"),
        group("deleted-id", "Deleted", presence=Presence.SOFT_DELETED),
        transitive=transitive,
    )
    member = user(groups=("inner-id", "deleted-id"))
    compiled = filter_of([("memberOf", "MEMBER_OF", named)])
    assert judge_user(member, groups, compiled, NOW).reason is reason


def test_a_group_is_filtered_only_if_it_is_assigned() -> None:
    compiled = filter_of([("displayName", "STARTS_WITH", "ZS-")])
    known = graph()
    assert judge_group(group("a", "ZS-A", roles=ROLE), known, compiled, NOW).active
    out = judge_group(group("a", "A", roles=ROLE), known, compiled, NOW)
    assert (out.reason, out.left_out) == (Reason.GROUP_OUT_OF_FILTER, True)
    gone = judge_group(group("a", "A"), known, compiled, NOW)
    assert (gone.reason, gone.left_out) == (Reason.GROUP_UNASSIGNED, False)
