"""The oracle sees what is wrong, and nothing in what is right."""

from __future__ import annotations

from typing import Any

import pytest

from simulator.entra import Tenant
from simulator.zscloud import Options, ZSCloudSimulator
from tests.soak.leaving import Policy
from tests.soak.oracle import Since, differences, facts, wanted
from tests.soak.script import Setting
from tests.soak.tenant import People, Portal

ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
SETTING = Setting(
    users=12,
    groups=3,
    nested=False,
    percent=100,
    told=False,
    pieces=False,
    instances=1,
    latency=0.0,
)


class Made:
    """A tenant, and a ZSCloud tenant that is as it should be."""

    def __init__(self, *, filtered: bool = False, **leavers: str) -> None:
        self.people = People(SETTING)
        self.zscloud = ZSCloudSimulator(Options(domains=("example.com",)))
        self.portal = Portal(self.zscloud, self.people)
        self.since = Since(
            self.people.tenant, nested=False, filtered=filtered, policy=Policy(leavers)
        )
        accounts = {id: self._account(id) for id in sorted(self.since.now.active)}
        for group in sorted(self.since.now.groups):
            name = self.since.attributes[group]["display_name"]
            members = [accounts[u].id for g, u in self.since.now.pairs if g == group]
            made = self.zscloud.create_group(displayName=name, externalId=group)
            self.zscloud.edit_members(made.id, add=members)

    def _account(self, id: str) -> Any:
        told = self.since.attributes[id]
        return self.zscloud.create_user(
            userName=told["user_name"],
            displayName=told["display_name"],
            externalId=id,
            department=told["department"],
        )

    def wrong(self) -> list[str]:
        """What the oracle says."""
        self.since.observe()
        return [each.text for each in differences(self.since, self.zscloud, self.portal)]


def test_nothing_is_wrong_with_what_is_right() -> None:
    assert Made().wrong() == []


@pytest.mark.parametrize(
    ("kind", "args", "says"),
    [
        ("disable", {"n": 0}, "is active and must not be"),
        ("delete", {"n": 0}, "is active and must not be"),
        ("attribute", {"n": 0, "value": "Legal", "mark": 1}, "department is 'Sales'"),
        ("rename", {"n": 0, "mark": 5}, "user_name is 'user0.0@example.com'"),
        ("leave", {"g": 0, "n": 1}, "is a member of"),
        ("rename_group", {"g": 0, "mark": 5}, "is called Group 0 0"),
        ("delete_group", {"g": 0}, "was deleted, and is there"),
        ("unassign_group", {"g": 0}, "is a member of"),
        ("assign_group", {"g": 2}, "is missing"),
    ],
)
def test_a_change_in_entra_that_was_not_carried_out(
    kind: str, args: dict[str, Any], says: str
) -> None:
    made = Made()
    assert made.people.do(kind, args)
    assert any(says in text for text in made.wrong()), made.wrong()


@pytest.mark.parametrize(
    ("kind", "args", "says"),
    [
        ("hand_disable", {"n": 0}, "is not active"),
        ("hand_delete", {"n": 0}, "has no account"),
        ("hand_attribute", {"n": 0, "value": "", "mark": 2}, "department is 'By hand 2'"),
        ("hand_member_remove", {"g": 0, "n": 1}, "is no member of"),
        ("hand_member_add", {"g": 0, "n": 11}, "is a member of"),
    ],
)
def test_an_edit_by_hand_that_was_not_repaired(kind: str, args: dict[str, Any], says: str) -> None:
    made = Made()
    assert made.portal.do(kind, args)
    assert any(says in text for text in made.wrong()), made.wrong()


@pytest.mark.parametrize(
    ("setting", "says"),
    [
        ("none", None),
        ("disable", "is active and must not be"),
        ("delete", "is active and must not be"),
    ],
)
def test_who_leaves_is_judged_by_the_setting_of_the_reason(setting: str, says: str | None) -> None:
    made = Made(ON_SOFT_DELETE=setting, ON_UNASSIGN="delete", ON_DISABLE="delete")
    made.people.do("delete", {"n": 0})
    assert [says in text for text in made.wrong()] == ([] if says is None else [True])


def test_who_is_off_and_was_to_be_deleted_is_wrong_once_that_is_due() -> None:
    made = Made(ON_DISABLE="delete")
    made.people.do("disable", {"n": 0})
    made.zscloud.edit_user("user0.0@example.com", active=False)
    assert made.wrong() == ["user0.0@example.com was to be deleted, and is there"]
    found = differences(made.since, made.zscloud, made.portal, lambda *_: False)
    assert found == []


def test_a_group_may_be_left_as_it_is() -> None:
    made = Made(ON_GROUP_UNASSIGN="none")
    made.people.do("unassign_group", {"g": 0})
    assert [text for text in made.wrong() if "member" in text] == []


def test_a_filter_takes_users_and_groups_out_each_by_itself() -> None:
    made = Made(filtered=True)
    assert {made.people.groups[0]} == made.since.now.groups
    made.people.do("attribute", {"n": 0, "value": "Legal", "mark": 1})
    assert made.wrong() == ["user0.0@example.com is active and must not be"]
    made.people.do("rename_group", {"g": 0, "mark": 1})
    assert any("is a member of Group 0 0" in text for text in made.wrong())


def test_what_was_made_by_hand_must_stay_as_it_is() -> None:
    made = Made()
    made.portal.do("hand_local", {"mark": 1})
    assert made.wrong() == []
    made.zscloud.edit_user("local1@example.com", active=False)
    assert made.wrong() == ["local1@example.com, made by hand, was changed"]


def test_facts_that_were_never_true_at_one_time_may_be_seen_together() -> None:
    """Somebody joins a group that is assigned no more: whoever reads both may let them in."""
    tenant = Tenant.empty()
    user = tenant.add_user("user@example.com", displayName="User")
    group = tenant.add_group("Group")
    tenant.assign(group, "User")
    since = Since(tenant, nested=False)
    tenant.unassign(group)
    since.observe()
    tenant.add_member(group, user)
    since.observe()
    assert since.now.active == since.always.active == frozenset()
    assert since.ever.active == {user}


def test_nested_groups_bring_people_in_only_where_the_setting_says_so() -> None:
    tenant = Tenant.empty()
    user = tenant.add_user("user@example.com", displayName="User")
    inner = tenant.add_group("Inner", [user])
    outer = tenant.add_group("Outer", [inner])
    tenant.add_member(inner, outer)
    tenant.assign(outer, "User")
    assert wanted(facts(tenant), nested=False).entitled == frozenset()
    assert wanted(facts(tenant), nested=True).pairs == {(outer, user)}


@pytest.mark.parametrize(
    ("told", "deleted", "restored", "wrong"),
    [
        (True, True, False, True),
        (False, False, False, True),
        (False, True, False, False),
        (False, True, True, True),
    ],
)
def test_who_left_untold_and_is_deleted_may_stay_a_member(
    *, told: bool, deleted: bool, restored: bool, wrong: bool
) -> None:
    """No list of members says of somebody deleted whether they are a member; of others all do."""
    made = Made()
    if not told:
        made.since.tokens_expired()
    assert made.people.do("leave", {"g": 0, "n": 1})
    made.since.observe()
    if deleted:
        assert made.people.do("delete", {"n": 1})
    made.since.observe()
    made.since.begin_anew()
    if restored:
        assert made.people.do("restore", {"n": 1})
    assert any("is a member of" in text for text in made.wrong()) is wrong
