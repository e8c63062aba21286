"""Planning: nothing to do is nothing, and what is applied is not planned again."""

from __future__ import annotations

from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from provisioning.apply.recording.ledger import merged
from provisioning.deprovisioning import Deprovision, DeprovisioningPolicy
from provisioning.mapping import Mapped, compile_schema
from provisioning.model import (
    Action,
    AddMembers,
    ChangeMember,
    CreateObject,
    DeleteObject,
    EntraId,
    Key,
    Link,
    MemberRemoval,
    ObjectType,
    Origin,
    RemoveMembers,
    ScimId,
    UpdateObject,
)
from provisioning.plan import (
    Planned,
    plan_group,
    plan_group_removal,
    plan_user,
)
from provisioning.schema import load_schema
from provisioning.scope import Reason, Verdict

SCHEMA = compile_schema(load_schema(None))
USER = Key(ObjectType.USER, EntraId("u"))
GROUP = Key(ObjectType.GROUP, EntraId("g"))
IN = Verdict(True, True, Reason.ASSIGNED, "Assigned.")
OUT = Verdict(False, False, Reason.UNASSIGNED, "Not assigned.")
OFF = Verdict(True, False, Reason.DISABLED, "Disabled.")
DISABLE = DeprovisioningPolicy({})
DELETE = DeprovisioningPolicy(dict.fromkeys(Reason, Deprovision.DELETE))
NOTHING = DeprovisioningPolicy(dict.fromkeys(Reason, Deprovision.NONE))

words = st.text(st.characters(whitelist_categories=("L", "Nd")), min_size=1, max_size=12)
people = st.fixed_dictionaries(
    {
        "userPrincipalName": words.map(lambda w: f"{w}@example.com"),
        "displayName": words,
        "givenName": st.none() | words,
        "surname": st.none() | words,
        "department": st.none() | words,
    }
)
verdicts = st.sampled_from([IN, OUT, OFF])
ids = st.sets(st.integers(0, 300).map(lambda n: ScimId(f"id{n:03d}")), max_size=250)


def mapped(person: dict[str, Any], verdict: Verdict) -> Mapped:
    return SCHEMA.user.map(USER.id, person, soft_deleted=not verdict.active)


def link_of(attributes: dict[str, Any], key: Key = USER) -> Link:
    return Link(
        key=key,
        scim_id=ScimId("s"),
        attributes=attributes,
        origin=Origin.CREATED,
        linked_at=0.0,
        written_at=0.0,
    )


def applied(link: Link | None, plan: Planned) -> Link | None:
    """The link after the plan."""
    write = plan.write
    if isinstance(write, CreateObject):
        return link_of(write.attributes)
    if isinstance(write, DeleteObject):
        return None
    assert isinstance(write, UpdateObject)
    assert link is not None
    return msgspec.structs.replace(link, attributes=merged(link.attributes, write.values))


@given(person=people, before=st.none() | people, verdict=verdicts)
def test_a_plan_applied_leaves_nothing_to_plan(
    person: dict[str, Any], before: dict[str, Any] | None, verdict: Verdict
) -> None:
    """Level, not edge: planned, applied and planned again is None; and it is one request."""
    link = None if before is None else link_of(mapped(before, IN).attributes)
    plan = plan_user(USER, verdict, mapped(person, verdict), link, DISABLE)
    if plan is not None:
        assert isinstance(plan, Planned)
        link = applied(link, plan)
    assert plan_user(USER, verdict, mapped(person, verdict), link, DISABLE) is None


@given(person=people, before=people, verdict=verdicts, foreign=st.dictionaries(words, words))
def test_a_plan_names_no_attribute_outside_the_mapping(
    person: dict[str, Any], before: dict[str, Any], verdict: Verdict, foreign: dict[str, str]
) -> None:
    """What the mapping does not name is not ours to write."""
    link = link_of({**foreign, **mapped(before, IN).attributes})
    plan = plan_user(USER, verdict, mapped(person, verdict), link, DISABLE)
    if isinstance(plan, Planned) and isinstance(plan.write, UpdateObject):
        assert set(plan.write.values) <= set(SCHEMA.user.target_paths)


def test_what_an_event_does_is_what_is_set() -> None:
    """Disable is the careful default; delete and none are said."""
    person = {"userPrincipalName": "jo@example.com", "displayName": "Jo"}
    link = link_of(mapped(person, IN).attributes)
    out = mapped(person, OUT)
    disable = plan_user(USER, OUT, out, link, DISABLE)
    assert isinstance(disable, Planned)
    assert disable.changes[0].action is Action.DISABLE
    delete = plan_user(USER, OUT, out, link, DELETE)
    assert isinstance(delete, Planned)
    assert isinstance(delete.write, DeleteObject)
    assert plan_user(USER, OUT, out, link, NOTHING) is None
    assert plan_user(USER, OUT, out, None, DELETE) is None


@given(wanted=ids, recorded=ids, foreign=ids, batch=st.integers(1, 120))
def test_memberships_end_as_wanted_and_foreign_members_stay(
    wanted: set[ScimId], recorded: set[ScimId], foreign: set[ScimId], batch: int
) -> None:
    """Every missing member is added once, every surplus one of ours removed once, in batches."""
    foreign = foreign - wanted - recorded
    named = SCHEMA.group.map(GROUP.id, {"displayName": "Sales"}, soft_deleted=False)
    link = link_of(named.attributes, GROUP)
    member = {id: ChangeMember(EntraId(id), id) for id in wanted | recorded}
    there = dict.fromkeys(recorded | foreign, False)
    additions = plan_group(
        GROUP, IN, named, link, {id: member[id] for id in wanted}, there, {}, DISABLE, batch
    )
    assert isinstance(additions, list)
    removals = plan_group_removal(
        GROUP,
        IN,
        link,
        {id: member[id] for id in wanted},
        {id: member[id] for id in recorded},
        DISABLE,
        MemberRemoval.FILTER,
        batch,
    )
    members = set(there)
    for plan in [*removals, *additions]:
        assert isinstance(plan.write, (AddMembers, RemoveMembers))
        part = set(plan.write.members)
        assert 0 < len(part) == len(plan.write.members) <= batch
        if isinstance(plan.write, AddMembers):
            assert members.isdisjoint(part)
            members |= part
        else:
            assert part <= members
            members -= part
    assert members == wanted | foreign
    least = -(-len(wanted - recorded) // batch)
    assert len(additions) == least


@given(members=ids)
def test_a_new_group_takes_its_first_members_along(members: set[ScimId]) -> None:
    """One POST with the first batch, and the change list names every membership once."""
    named = SCHEMA.group.map(GROUP.id, {"displayName": "Sales"}, soft_deleted=False)
    wanted = {id: ChangeMember(EntraId(id), id) for id in members}
    plans = plan_group(GROUP, IN, named, None, wanted, {}, {}, DISABLE, 100)
    assert isinstance(plans, list)
    (plan,) = plans
    assert isinstance(plan.write, CreateObject)
    assert len(plan.write.members) == min(100, len(members))
    added = [c for c in plan.changes if c.action is Action.ADD_MEMBER]
    assert len({c.change_id for c in added}) == len(added) == len(plan.write.members)
