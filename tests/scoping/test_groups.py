"""Groups as a graph: who brings whom in, by which way, and what is known of them."""

from __future__ import annotations

from typing import Any

import pytest

from provisioning.model import DEFAULT_ACCESS, AppRole, EntraId, MirrorGroup, MirrorUser, Presence
from provisioning.scope import (
    GroupGraph,
    Reason,
    ScopePolicy,
    Verdict,
    filter_verdict,
    judge_group,
    judge_user,
)
from provisioning.scoping import Context

from .forms import NOW, filter_of

ROLE = {"assignment": "role"}
DEFAULT = {"assignment": DEFAULT_ACCESS}
GONE = Presence.GONE


def group(id: str, *parents: str, **fields: Any) -> MirrorGroup:
    values: dict[str, Any] = {
        "attributes": {"displayName": f"Name {id}"},
        "read_at": 0.0,
        "members_read_at": 1.0,
        "parents": tuple(EntraId(each) for each in parents),
    }
    return MirrorGroup(id=EntraId(id), **{**values, **fields})


def graph(*groups: MirrorGroup, roles: tuple[AppRole, ...] = (), **policy: bool) -> GroupGraph:
    return GroupGraph(groups, ScopePolicy(**policy), roles)


def ids(*names: str) -> tuple[EntraId, ...]:
    return tuple(EntraId(name) for name in names)


def user(*groups: str, **fields: Any) -> MirrorUser:
    values: dict[str, Any] = {"attributes": {}, "enabled": True, "read_at": 0.0}
    return MirrorUser(id=EntraId("u"), groups=ids(*groups), **{**values, **fields})


NESTED = (
    group("inner", "middle", "side"),
    group("middle", "outer"),
    group("side", "far"),
    group("far", "outer"),
    group("outer", "inner", roles=ROLE),
    group("gone", "outer", presence=GONE, roles=ROLE),
)
"""inner is in middle in outer, also in side in far in outer; outer is in inner: a ring."""


def test_what_counts_when_nobody_set_anything() -> None:
    assert ScopePolicy() == ScopePolicy(everyone=False, transitive=False, default_access=False)
    assert not ScopePolicy().entitles({})
    assert not ScopePolicy().entitles(DEFAULT)
    assert ScopePolicy().entitles({**DEFAULT, "b": "role"})
    assert ScopePolicy(default_access=True).entitles(DEFAULT)


def test_who_is_around_a_group() -> None:
    flat, nested = graph(*NESTED), graph(*NESTED, transitive=True)
    assert flat.around(ids("inner", "gone", "unknown")) == {"inner"}
    assert nested.around(ids("middle")) == {"middle", "outer", "inner", "side", "far"}
    assert nested.around(ids("gone")) == set()
    assert set(flat.ids()) == {"inner", "middle", "side", "far", "outer", "gone"}
    assert flat.roles(EntraId("outer")) == ROLE


def test_the_shortest_way_up_to_an_assigned_group() -> None:
    flat, nested = graph(*NESTED), graph(*NESTED, transitive=True)
    assert nested.path(EntraId("inner")) == ("inner", "middle", "outer")
    assert nested.path(EntraId("outer")) == ("outer",)
    assert nested.path(EntraId("gone")) is None
    assert nested.path(EntraId("unknown")) is None
    assert flat.path(EntraId("inner")) is None
    assert flat.path(EntraId("outer")) == ("outer",)
    alone = graph(group("a", "b"), group("b", "a"), transitive=True)
    assert alone.path(EntraId("a")) is None
    assert alone.path(EntraId("a")) is None  # remembered


def test_what_brings_its_members_in() -> None:
    for everyone in (False, True):
        found = graph(*NESTED, everyone=everyone)
        assert found.brings_in(EntraId("outer"))
        assert found.brings_in(EntraId("inner")) is everyone
        assert not found.brings_in(EntraId("gone"))
        assert not found.brings_in(EntraId("unknown"))


def test_the_assigned_groups_that_somebody_is_within() -> None:
    flat, nested = graph(*NESTED), graph(*NESTED, transitive=True)
    assert flat.assigned_ancestors(ids("inner", "outer")) == {"outer"}
    assert flat.assigned_ancestors(ids("inner")) == set()
    assert nested.assigned_ancestors(ids("inner")) == {"outer"}
    assert nested.assigned_ancestors(ids("gone")) == set()


def test_all_ways_up_to_groups_with_assignments() -> None:
    flat, nested = graph(*NESTED), graph(*NESTED, transitive=True)
    assert nested.ways(ids("inner")) == [("inner", "middle", "outer")]
    assert nested.ways(ids("far", "outer", "unknown")) == [("outer",)]
    assert nested.ways(ids("side")) == [("side", "far", "outer")]
    assert flat.ways(ids("inner", "outer")) == [("outer",)]
    # A deleted group has assignments, and passes nobody on.
    assert nested.ways(ids("gone")) == [("gone",)]
    cut = graph(group("a", "unknown"), transitive=True)
    assert cut.ways(ids("a")) == []


def test_the_roles_that_bring_somebody_in_by_value() -> None:
    roles = (
        AppRole("3", "b", "B", True),
        AppRole("2", "a", "A", True),
        AppRole("1", "a", "A too", True),
        AppRole("4", None, "None", True),
        AppRole("5", "c", "Off", False),
    )
    groups = (
        group("g", roles={"x": "3", "y": "5", "z": "unknown"}),
        group("off", roles={"x": "1"}, presence=GONE),
        group("inner", "g"),
    )
    found = graph(*groups, roles=roles)
    held = found.assigned_roles(user("g", "off", roles={"d": "2", "e": "4"}))
    assert [role.id for role in held] == ["4", "2", "3"]
    assert found.assigned_roles(user("inner")) == ()
    nested = graph(*groups, roles=roles, transitive=True)
    assert [role.id for role in nested.assigned_roles(user("inner"))] == ["3"]
    assert [
        role.id for role in graph(roles=roles).assigned_roles(user(roles={"a": "1", "b": "2"}))
    ] == [*("1", "2")]


def test_a_group_is_called_by_its_name_or_id() -> None:
    found = graph(group("a"), group("b", attributes={"displayName": None}))
    assert [found.name(EntraId(id)) for id in ("a", "b", "c")] == ["Name a", "b", "c"]
    assert found.names(EntraId("a")) == ("a", "name a")
    assert graph(group("A")).names(EntraId("A")) == ("a", "name a")


def test_what_a_filter_may_know_of_groups() -> None:
    groups = (
        group("A", "B"),
        group("B"),
        group("new", members_read_at=0.0),
        group("gone", presence=GONE, members_read_at=0.0),
    )
    named = ("a", "NAME B", "New", "Gone", "Other")
    flat = graph(*groups)
    assert flat.context(ids("A"), (), NOW) == Context(NOW)
    expected = Context(NOW, frozenset({"a", "name a"}), frozenset({"new", "other"}))
    assert flat.context(ids("A"), named, NOW) == expected
    assert flat.context(ids("A"), named, NOW) == expected
    nested = graph(*groups, transitive=True).context(ids("A"), named, NOW)
    assert nested.groups == {"a", "name a", "b", "name b"}
    everybody = graph(*groups, everyone=True).context(ids("A"), named, NOW)
    assert everybody.unknown == {"other"}


@pytest.mark.parametrize(
    ("row", "policy", "verdict"),
    [
        (
            user(),
            {"everyone": True},
            Verdict(True, True, Reason.ALL_IN_SCOPE, "All users are in scope."),
        ),
        (
            user(roles=ROLE),
            {},
            Verdict(True, True, Reason.ASSIGNED, "Assigned directly to the application."),
        ),
        (
            user("inner"),
            {"transitive": True},
            Verdict(
                True,
                True,
                Reason.ASSIGNED_BY_GROUP,
                "Member of the assigned group 'Name inner' in 'Name middle' in 'Name outer'.",
            ),
        ),
        (
            user("inner", "outer"),
            {"transitive": True},
            Verdict(
                True, True, Reason.ASSIGNED_BY_GROUP, "Member of the assigned group 'Name outer'."
            ),
        ),
        (
            user(roles=DEFAULT),
            {},
            Verdict(
                False,
                False,
                Reason.DEFAULT_ACCESS_ONLY,
                "Assigned with Default Access only, which DEFAULT_ACCESS=exclude leaves out.",
            ),
        ),
        (
            user("inner"),
            {},
            Verdict(
                False,
                False,
                Reason.UNASSIGNED,
                "No assignment of the application brings the user in.",
            ),
        ),
        (
            user(roles=ROLE, presence=GONE),
            {},
            Verdict(False, False, Reason.DELETED, "The user was deleted in Entra."),
        ),
        (
            user(roles=ROLE, presence=Presence.SOFT_DELETED),
            {},
            Verdict(True, False, Reason.SOFT_DELETED, "The user was deleted in Entra."),
        ),
        (
            user(roles=ROLE, enabled=False),
            {},
            Verdict(True, False, Reason.DISABLED, "The account is disabled in Entra."),
        ),
    ],
)
def test_why_a_user_is_in_or_out(
    row: MirrorUser, policy: dict[str, bool], verdict: Verdict
) -> None:
    found = judge_user(row, graph(*NESTED, **policy), now=NOW)
    assert found == Verdict(
        verdict.assigned, verdict.active, verdict.reason, verdict.sentence, None, NOW
    )
    assert judge_user(row, graph(*NESTED, **policy)).at == 0.0


@pytest.mark.parametrize(
    ("row", "policy", "expected"),
    [
        (group("a"), {"everyone": True}, (True, True, "AllInScope", "All groups are in scope.")),
        (
            group("a", roles=ROLE),
            {},
            (True, True, "Assigned", "Assigned directly to the application."),
        ),
        (
            group("a", roles=DEFAULT),
            {},
            (
                False,
                False,
                "DefaultAccessOnly",
                "Assigned with Default Access only, which DEFAULT_ACCESS=exclude leaves out.",
            ),
        ),
        (
            group("a"),
            {},
            (
                False,
                False,
                "GroupUnassigned",
                "The group is not assigned to the application.",
            ),
        ),
        (
            group("a", roles=ROLE, presence=GONE),
            {"everyone": True},
            (False, False, "GroupDeleted", "The group was deleted in Entra."),
        ),
    ],
)
def test_why_a_group_is_in_or_out(
    row: MirrorGroup, policy: dict[str, bool], expected: tuple[bool, bool, str, str]
) -> None:
    found = judge_group(row, graph(row, **policy), now=NOW)
    assert (found.assigned, found.active, found.reason, found.sentence) == expected
    assert (found.filter, found.at) == (None, NOW)
    assert judge_group(row, graph(row, **policy)).at == 0.0


def test_a_filter_says_which_clause_leaves_out() -> None:
    compiled = filter_of([("department", "EQUALS", "Sales")])
    legal = user(roles=ROLE, attributes={"department": "Legal"})
    out = judge_user(legal, graph(), compiled, NOW)
    assert out.sentence == (
        "The scoping filter leaves it out: 'group 0': department EQUALS Sales: is 'Legal'."
    )
    assert out.filter == filter_verdict(legal, graph(), compiled, NOW)
    assert (out.at, out.left_out, out.undecided) == (NOW, True, False)
    unread = judge_user(user(roles=ROLE), graph(), compiled, NOW)
    assert unread.sentence.startswith("The scoping filter cannot be decided: 'group 0': ")
    assert (unread.at, unread.left_out, unread.undecided) == (NOW, False, True)
    named = filter_of([("displayName", "EQUALS", "Name b")])
    assert judge_group(group("b", roles=ROLE), graph(), named, NOW).active
    left = judge_group(group("a", roles=ROLE), graph(), named, NOW)
    assert (left.reason, left.at) == (Reason.GROUP_OUT_OF_FILTER, NOW)
    assert left.filter == filter_verdict(group("a"), graph(), named, NOW)


SETTINGS = {
    Reason.DISABLED: "Enable the account in Entra",
    Reason.SOFT_DELETED: "Restore the user in Entra",
    Reason.DEFAULT_ACCESS_ONLY: "set DEFAULT_ACCESS=include.",
    Reason.UNASSIGNED: "assign the user, or a group that the user is a member of, to",
    Reason.GROUP_UNASSIGNED: "assign the group to",
    Reason.OUT_OF_FILTER: "the file of PROVISIONING_SCHEMA.",
    Reason.GROUP_OUT_OF_FILTER: "the file of PROVISIONING_SCHEMA.",
    Reason.FILTER_UNDECIDED: "the file of PROVISIONING_SCHEMA.",
}


@pytest.mark.parametrize("reason", Reason)
def test_a_remedy_names_what_there_is_to_do(reason: Reason) -> None:
    remedy = Verdict(True, False, reason, "").remedy
    assert (remedy is None) is (reason not in SETTINGS)
    assert SETTINGS.get(reason, "") in (remedy or "")


def test_codes_are_stable() -> None:
    """They stand in stored logs, and in what operators filter by."""
    assert list(Reason) == [
        *("Assigned", "AssignedByGroup", "AllInScope", "AccountDisabled", "SoftDeleted", "Deleted"),
        *("DefaultAccessOnly", "Unassigned", "GroupUnassigned", "GroupDeleted", "OutOfFilter"),
        *("GroupOutOfFilter", "FilterUndecided"),
    ]
